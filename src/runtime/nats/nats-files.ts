import { readFileSync } from 'node:fs';
import { credsAuthenticator } from '@nats-io/transport-node';
import { readCertificates } from '../sockets/certificates.js';
import { ConfigError } from '../errors.js';
import type { NatsSettings } from './nats-settings.js';

/**
 * Reads the files that servers show NATS, or check it by. A server reads them with each connection, and only then.
 * @throws ConfigError for one that cannot be read, or is not what it should be
 */
export function tryFilesOf({ credentials, tls }: NatsSettings): void {
  if (credentials?.kind === 'file') tryCredentials(credentials.path);
  if (tls !== undefined) readCertificates(tls);
}

function tryCredentials(file: string): void {
  let text: Buffer;
  try {
    text = readFileSync(file);
  } catch (error) {
    throw new ConfigError([`${file} cannot be read: ${(error as Error).message}`]);
  }
  try {
    // It looks into them when a nats-server asks it to sign something.
    credsAuthenticator(text)('nonce');
  } catch (error) {
    throw new ConfigError([`${file} holds no credentials for NATS: ${(error as Error).message}`]);
  }
}
