import type { HerdEvent } from '../../actors/bus/events.js';

/** Where events of one kind appear. */
interface EventUse {
  /** Whether the log subscribes to them one by one. It reads `lines` by a subscription of its own. */
  readonly isLogged: boolean;
  /** Whether `GET /api/events` sends them. */
  readonly isStreamed: boolean;
}

const both = { isLogged: true, isStreamed: true } as const;
const log = { isLogged: true, isStreamed: false } as const;
const stream = { isLogged: false, isStreamed: true } as const;
/** For metrics only. */
const neither = { isLogged: false, isStreamed: false } as const;

/** Where events of each kind appear. The metrics count all of them. */
export const eventUses = {
  lines: neither,
  link: both,
  'neighbour-clock': log,
  clock: both,
  conflated: neither,
  subscribers: neither,
  'subscription-conflated': neither,
  'client-connected': both,
  'client-disconnected': both,
  'client-rejected': both,
  'connection-evicted': neither,
  'http-request': log,
  'http-response': log,
  server: both,
  'locations-learned': stream,
  'locations-restored': both,
  'location-evicted': stream,
  'dead-letter': both,
  'actor-failed': both,
  'peer-rejected': both,
  'upstream-failed': both,
  'upstream-attempt': neither,
  'upstream-request': neither,
  'upstream-breaker': both,
  'upstream-budget': both,
  'admin-action': both,
  nats: both,
  members: both,
  // 256 of them at each start; `partitions` has their numbers.
  partition: neither,
  partitions: both,
  'partition-page': neither,
  'remote-lookup': neither,
  warning: both,
} as const satisfies Readonly<Record<HerdEvent['kind'], EventUse>>;

/** Kinds of events that appear somewhere. */
export type EventKind<Use extends keyof EventUse> = {
  [Kind in keyof typeof eventUses]: (typeof eventUses)[Kind][Use] extends true ? Kind : never;
}[keyof typeof eventUses];
