import { resolve } from 'node:path';
import type { ServerId } from '../../protocol/place/ids.js';
import type { NatsCredentials, NatsSettings } from '../nats/nats-settings.js';
import type { BridgeDocument } from './bridge-schema.js';
import type { NatsDocument, ReplicationDocument } from './replication-schema.js';

/** Settings that a bridge and replication over NATS have in common. */
export type NatsConnectionDocument = Omit<NatsDocument, 'kind' | 'replicas'>;

/** How locations are replicated between servers. */
export type ReplicationConfig = { readonly kind: 'flood' } | ({ readonly kind: 'nats' } & NatsSettings);

/** How a herd with flooding shares locations with other herds. */
export interface BridgeConfig extends NatsSettings {
  /** The servers of this herd that connect to NATS. */
  readonly via: ReadonlySet<ServerId>;
}

/** Converts `replication` of herd.yaml. */
export function toReplicationConfig(
  replication: ReplicationDocument,
  herd: string,
  heartbeatMs: number,
): ReplicationConfig {
  if (replication.kind === 'flood') return { kind: 'flood' };
  const { replicas } = replication;
  return {
    kind: 'nats',
    subjectName: herd,
    replicas: replicas === 'all' ? Infinity : replicas,
    ...toConnection(replication, heartbeatMs),
  };
}

/** Converts `bridge` of herd.yaml. */
export function toBridgeConfig(bridge: BridgeDocument, heartbeatMs: number): BridgeConfig {
  return {
    via: new Set(bridge.via as ServerId[]),
    // No herd can have this name.
    subjectName: `bridge:${bridge.name}`,
    replicas: Infinity,
    ...toConnection(bridge, heartbeatMs),
  };
}

/** Returns the settings of a server's connection to NATS; undefined if it has none. */
export function natsSettingsFor(
  { replication, bridge }: { readonly replication: ReplicationConfig; readonly bridge: BridgeConfig | undefined },
  server: ServerId,
): NatsSettings | undefined {
  if (replication.kind === 'nats') return replication;
  return bridge?.via.has(server) === true ? bridge : undefined;
}

function toConnection(
  nats: NatsConnectionDocument,
  heartbeatMs: number,
): Omit<NatsSettings, 'subjectName' | 'replicas'> {
  const { servers, tls } = nats;
  return { servers, credentials: toNatsCredentials(nats), tls, heartbeatMs };
}

/** Makes the paths of files absolute: the working directory may be deleted. */
export function resolveFilePaths<Settings extends NatsSettings>(settings: Settings): Settings {
  const { credentials, tls } = settings;
  return {
    ...settings,
    credentials: credentials?.kind === 'file' ? { kind: 'file', path: resolve(credentials.path) } : credentials,
    tls: tls && {
      cert: tls.cert && resolve(tls.cert),
      key: tls.key && resolve(tls.key),
      ca: tls.ca && resolve(tls.ca),
    },
  };
}

function toNatsCredentials({
  credentials,
  user,
  password,
  token,
}: NatsConnectionDocument): NatsCredentials | undefined {
  if (credentials !== undefined) return { kind: 'file', path: credentials };
  if (user !== undefined && password !== undefined) return { kind: 'user', user, password };
  return token === undefined ? undefined : { kind: 'token', token };
}
