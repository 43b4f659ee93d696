import { resolve } from 'node:path';
import type { Hold } from '../../actors/hold.js';
import type { NatsCredentials, NatsSettings } from '../nats/nats-settings.js';
import type { NatsDocument, SpreadDocument } from './spread-schema.js';

/** How locations get from server to server. */
export type SpreadChoice = { readonly kind: 'flood' } | ({ readonly kind: 'nats'; readonly hold: Hold } & NatsSettings);

/** The choice that herd.yaml makes. */
export function spreadChoiceOf(spread: SpreadDocument, herd: string, beatMs: number): SpreadChoice {
  if (spread.kind === 'flood') return { kind: 'flood' };
  const { kind, hold, servers, bucket = `herd-${herd}`, replicas, shards, tls } = spread;
  return { kind, hold, servers, bucket, replicas, shards, credentials: credentialsOf(spread), tls, beatMs };
}

/** The same, its files named from the root: the folder that herd was started in may go away. */
export function withWholePaths(spread: SpreadChoice): SpreadChoice {
  if (spread.kind === 'flood') return spread;
  const { credentials, tls } = spread;
  return {
    ...spread,
    credentials: credentials?.kind === 'file' ? { kind: 'file', path: resolve(credentials.path) } : credentials,
    tls: tls && {
      cert: tls.cert && resolve(tls.cert),
      key: tls.key && resolve(tls.key),
      ca: tls.ca && resolve(tls.ca),
    },
  };
}

function credentialsOf({ credentials, user, password, token }: NatsDocument): NatsCredentials | undefined {
  if (credentials !== undefined) return { kind: 'file', path: credentials };
  if (user !== undefined && password !== undefined) return { kind: 'user', user, password };
  return token === undefined ? undefined : { kind: 'token', token };
}
