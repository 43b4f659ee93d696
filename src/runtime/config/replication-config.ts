import { resolve } from 'node:path';
import type { Hold } from '../../actors/ports/location-bucket.js';
import type { ServerId } from '../../protocol/place/ids.js';
import type { NatsCredentials, NatsSettings } from '../nats/nats-settings.js';
import type { BridgeDocument } from './bridge-schema.js';
import type { NatsDocument, ReplicationDocument } from './replication-schema.js';

/** How locations are replicated between servers. */
export type ReplicationConfig =
  { readonly kind: 'flood' } | ({ readonly kind: 'nats'; readonly hold: Hold } & NatsSettings);

/** How a herd with flooding shares locations with other herds. */
export interface BridgeConfig extends NatsSettings {
  /** The servers of this herd that write to the bucket and watch it. */
  readonly via: ReadonlySet<ServerId>;
}

/** Converts `replication` of herd.yaml. */
export function toReplicationConfig(replication: ReplicationDocument, herd: string, beatMs: number): ReplicationConfig {
  if (replication.kind === 'flood') return { kind: 'flood' };
  const { hold } = replication;
  return {
    kind: 'nats',
    hold,
    ...toNatsSettings({ ...replication, bucket: replication.bucket ?? `herd-${herd}` }, beatMs),
  };
}

/** Converts `bridge` of herd.yaml. */
export function toBridgeConfig(bridge: BridgeDocument, beatMs: number): BridgeConfig {
  return { via: new Set(bridge.via as ServerId[]), ...toNatsSettings(bridge, beatMs) };
}

/** Returns the settings of the bucket that a server writes to and watches; undefined if it has none. */
export function bucketSettingsFor(
  { replication, bridge }: { readonly replication: ReplicationConfig; readonly bridge: BridgeConfig | undefined },
  server: ServerId,
): NatsSettings | undefined {
  if (replication.kind === 'nats') return replication;
  return bridge?.via.has(server) === true ? bridge : undefined;
}

function toNatsSettings(
  nats: Omit<NatsDocument, 'kind' | 'hold' | 'bucket'> & { readonly bucket: string },
  beatMs: number,
): NatsSettings {
  const { servers, bucket, replicas, shards, tls } = nats;
  return { servers, bucket, replicas, shards, credentials: toNatsCredentials(nats), tls, beatMs };
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
}: Omit<NatsDocument, 'kind' | 'hold' | 'bucket'>): NatsCredentials | undefined {
  if (credentials !== undefined) return { kind: 'file', path: credentials };
  if (user !== undefined && password !== undefined) return { kind: 'user', user, password };
  return token === undefined ? undefined : { kind: 'token', token };
}
