import { readFile } from 'node:fs/promises';
import {
  connect,
  credsAuthenticator,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
  type Authenticator,
  type NatsConnection,
} from '@nats-io/transport-node';
import { requireFeatures } from './nats-server-info.js';
import type { NatsCredentials, NatsSettings } from './nats-settings.js';

/** Connection timeout per nats-server in milliseconds; then the next one is tried. */
const connectWithinMs = 5_000;

/**
 * Connects to one of the nats-servers, without automatic reconnects: its owner decides when to reconnect.
 *
 * @throws an error for `reasonOf`
 */
export async function connectToNats(settings: NatsSettings, name: string): Promise<NatsConnection> {
  const { servers, credentials, tls, heartbeatMs } = settings;
  const connection = await connect({
    servers: [...servers],
    name,
    reconnect: false,
    noEcho: true,
    timeout: connectWithinMs,
    pingInterval: heartbeatMs,
    maxPingOut: 2,
    // Disabled: it captures a stack trace per request.
    noAsyncTraces: true,
    ...(credentials === undefined ? {} : { authenticator: await authenticatorOf(credentials) }),
    ...(tls === undefined ? {} : { tls: filesOf(tls) }),
  });
  try {
    requireFeatures(connection.info, connection.getServer());
    return connection;
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** Reads the file for each connection, because it may have been replaced. */
async function authenticatorOf(credentials: NatsCredentials): Promise<Authenticator> {
  switch (credentials.kind) {
    case 'file':
      return credsAuthenticator(await readFile(credentials.path));
    case 'user':
      return usernamePasswordAuthenticator(credentials.user, credentials.password);
    case 'token':
      return tokenAuthenticator(credentials.token);
  }
}

function filesOf({ cert, key, ca }: NonNullable<NatsSettings['tls']>): Record<string, string> {
  return {
    ...(cert === undefined ? {} : { certFile: cert }),
    ...(key === undefined ? {} : { keyFile: key }),
    ...(ca === undefined ? {} : { caFile: ca }),
  };
}
