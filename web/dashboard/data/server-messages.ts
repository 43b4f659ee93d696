import type { BucketState, LinkState } from '../../../src/actors/bus/events.js';
import type { LinkFault } from '../../../src/runtime/faults/link-faults.js';
import type { Told } from './locations.js';

/** What a server says on its stream: anything, until it was looked at. */
export type Said = Readonly<Record<string, unknown>>;

/** What a server tells of one end: of a link, or of its way to the engine. */
export interface EndTold {
  readonly state: LinkState | BucketState;
  readonly sinceMs?: number;
  readonly retryInMs: number;
  readonly reason: string;
  /** Of its way to the engine alone. */
  readonly waiting?: number;
}

export interface LinkTold extends EndTold {
  readonly neighbour: string;
  /** What somebody does to it by hand; left out by servers of before, and on the stream. */
  readonly fault?: LinkFault;
}

/** New locations that a server tells of. */
interface LearnedTold {
  /** Null where a client reported them there. */
  readonly from: string | null;
  readonly locations: readonly Told[];
}

const states: Readonly<Record<LinkState | BucketState, true>> = {
  connecting: true,
  'catching-up': true,
  live: true,
  backoff: true,
  stopped: true,
  loading: true,
  blocked: true,
  away: true,
};

export function isLocation(said: unknown): said is Told {
  if (!isSaid(said)) return false;
  const { client, server, position, line } = said;
  const isPosition =
    Array.isArray(position) && position.length === 2 && position.every((degrees) => typeof degrees === 'number');
  return isPosition && [client, server, line].every((text) => typeof text === 'string');
}

export function isLearned(said: unknown): said is LearnedTold {
  if (!isSaid(said)) return false;
  const { from, locations } = said;
  return (from === null || typeof from === 'string') && Array.isArray(locations) && locations.every(isLocation);
}

export function isEnd(said: unknown): said is EndTold {
  if (!isSaid(said)) return false;
  const { state, sinceMs, retryInMs, reason, waiting } = said;
  const isState = typeof state === 'string' && Object.hasOwn(states, state);
  const areNumbers = [sinceMs ?? 0, retryInMs, waiting ?? 0].every((number) => typeof number === 'number');
  return isState && areNumbers && typeof reason === 'string';
}

export function isLink(said: unknown): said is LinkTold {
  return isEnd(said) && typeof (said as EndTold & { neighbour?: unknown }).neighbour === 'string';
}

export function isSaid(said: unknown): said is Said {
  return typeof said === 'object' && said !== null;
}
