import type { ByteString } from '../../protocol/text/bytes.js';
import type { UpstreamErrorKind } from '../../protocol/upstream/errors.js';
import type { NearbyQuery, Upstream } from '../../protocol/upstream/upstream.js';
import type { ActorRequest } from '../bus/requests.js';

/** State of a pending query. */
export type QueryState =
  /** Waits for a request slot. */
  | { readonly name: 'queued' }
  /** An HTTP request is in flight. */
  | {
      readonly name: 'requesting';
      readonly abort: AbortController;
      /** Whether its result decides whether the half-open breaker closes. */
      readonly isProbe: boolean;
      /** On the monotonic clock, in milliseconds. */
      readonly startedAtMs: number;
    }
  /** Waits before the next attempt. */
  | { readonly name: 'retry-wait'; readonly cancelTimer: () => void }
  /** Waits until the circuit breaker allows requests again. */
  | { readonly name: 'circuit-open' };

/** Result of an HTTP request to the upstream. */
export type AttemptResult =
  | { readonly kind: 'answered'; readonly json: ByteString }
  | {
      readonly kind: 'failed';
      /** Shown to clients and logged. */
      readonly reason: string;
      readonly errorKind: UpstreamErrorKind;
      /** The upstream's Retry-After delay in milliseconds, if any. */
      readonly retryAfterMs: number | undefined;
    };

/** A query to the upstream, shared by all requesters with an equal query (request coalescing). */
export interface PendingQuery {
  /** Equal for queries with the same response: see `coalescingKey`. */
  readonly key: string;
  readonly query: NearbyQuery;
  /** The remote host of the first requester. */
  readonly remoteHost: string;
  readonly requesters: ActorRequest[];
  /** Deadline in milliseconds on the monotonic clock. */
  readonly deadlineAtMs: number;
  cancelDeadline: () => void;
  attempts: number;
  state: QueryState;
}

/**
 * Returns the key by which queries are coalesced and cached: position, radius and count. Radii beyond the upstream's maximum are equal.
 */
export function coalescingKey(
  { latitude, longitude, radiusKm, count }: NearbyQuery,
  { maxRadiusKm }: Upstream,
): string {
  const radius = radiusKm > maxRadiusKm ? 'cut' : radiusKm;
  return `${latitude} ${longitude} ${radius} ${count}`;
}

/** The pending queries, one per key. */
export class PendingQueries {
  private readonly byKey = new Map<string, PendingQuery>();
  private readonly counts: Record<QueryState['name'], number> = {
    queued: 0,
    requesting: 0,
    'retry-wait': 0,
    'circuit-open': 0,
  };

  get all(): PendingQuery[] {
    return [...this.byKey.values()];
  }

  /** The number of requests in flight. */
  get requestingCount(): number {
    return this.counts.requesting;
  }

  /** The number of queries without a request in flight. */
  get waitingCount(): number {
    return this.counts.queued + this.counts['retry-wait'] + this.counts['circuit-open'];
  }

  /** Returns the queries in a state, the oldest first. */
  inState(name: QueryState['name']): PendingQuery[] {
    return this.counts[name] === 0 ? [] : this.all.filter(({ state }) => state.name === name);
  }

  /** Returns the pending query with a key, if any. */
  find(key: string): PendingQuery | undefined {
    return this.byKey.get(key);
  }

  /** Whether a query is still pending; another one may have its key by now. */
  has(pendingQuery: PendingQuery): boolean {
    return this.byKey.get(pendingQuery.key) === pendingQuery;
  }

  add(pendingQuery: PendingQuery): void {
    this.byKey.set(pendingQuery.key, pendingQuery);
    this.counts[pendingQuery.state.name] += 1;
  }

  /** Sets the state of a pending query. */
  setState(pendingQuery: PendingQuery, state: QueryState): void {
    this.counts[pendingQuery.state.name] -= 1;
    this.counts[state.name] += 1;
    pendingQuery.state = state;
  }

  remove(pendingQuery: PendingQuery): void {
    this.byKey.delete(pendingQuery.key);
    this.counts[pendingQuery.state.name] -= 1;
  }
}
