import { resolve } from 'node:path';
import type { Hold } from '../../actors/ports/hold.js';
import type { ServerId } from '../../protocol/place/ids.js';
import type { NatsCredentials, NatsSettings } from '../nats/nats-settings.js';
import type { BridgeDocument } from './bridge-schema.js';
import type { NatsDocument, SpreadDocument } from './replication-schema.js';

/** How locations get from server to server. */
export type SpreadChoice = { readonly kind: 'flood' } | ({ readonly kind: 'nats'; readonly hold: Hold } & NatsSettings);

/** How a herd that floods shares its locations with others. */
export interface Bridge extends NatsSettings {
  /** The servers of this herd that write to the bucket and watch it. */
  readonly by: ReadonlySet<ServerId>;
}

/** The choice that herd.yaml makes. */
export function spreadChoiceOf(spread: SpreadDocument, herd: string, beatMs: number): SpreadChoice {
  if (spread.kind === 'flood') return { kind: 'flood' };
  const { hold } = spread;
  return { kind: 'nats', hold, ...natsSettingsOf({ ...spread, bucket: spread.bucket ?? `herd-${herd}` }, beatMs) };
}

/** The bridge that herd.yaml describes. */
export function bridgeOf(bridge: BridgeDocument, beatMs: number): Bridge {
  return { by: new Set(bridge.by as ServerId[]), ...natsSettingsOf(bridge, beatMs) };
}

/** The bucket that a server of the herd writes to and watches; undefined if it has none. */
export function bucketFor(
  { spread, bridge }: { readonly spread: SpreadChoice; readonly bridge: Bridge | undefined },
  server: ServerId,
): NatsSettings | undefined {
  if (spread.kind === 'nats') return spread;
  return bridge?.by.has(server) === true ? bridge : undefined;
}

function natsSettingsOf(
  nats: Omit<NatsDocument, 'kind' | 'hold' | 'bucket'> & { readonly bucket: string },
  beatMs: number,
): NatsSettings {
  const { servers, bucket, replicas, shards, tls } = nats;
  return { servers, bucket, replicas, shards, credentials: credentialsOf(nats), tls, beatMs };
}

/** The same, its files named from the root: the folder that herd was started in may go away. */
export function withWholePaths<Settings extends NatsSettings>(settings: Settings): Settings {
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

function credentialsOf({
  credentials,
  user,
  password,
  token,
}: Omit<NatsDocument, 'kind' | 'hold' | 'bucket'>): NatsCredentials | undefined {
  if (credentials !== undefined) return { kind: 'file', path: credentials };
  if (user !== undefined && password !== undefined) return { kind: 'user', user, password };
  return token === undefined ? undefined : { kind: 'token', token };
}
