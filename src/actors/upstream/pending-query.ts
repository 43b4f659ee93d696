import type { ByteString } from '../../protocol/text/bytes.js';
import type { UpstreamErrorKind } from '../../protocol/upstream/errors.js';
import type { NearbyQuery, Upstream } from '../../protocol/upstream/upstream.js';
import type { ActorRequest } from '../bus/requests.js';

/** Where a question to the upstream is on its way. */
export type QueryState =
  /** It waits for its turn. */
  | { readonly name: 'queued' }
  /** An HTTP request is in flight. */
  | {
      readonly name: 'requesting';
      readonly abort: AbortController;
      /** Whether its result decides whether the half-open breaker closes. */
      readonly isProbe: boolean;
      /** On the server's clock that never goes back. */
      readonly startedAtMs: number;
    }
  /** It is asked again in a while. */
  | { readonly name: 'retry-wait'; readonly cancelTimer: () => void }
  /** It is asked again when the upstream may be asked again. */
  | { readonly name: 'circuit-open' };

/** What became of a request. */
export type AttemptResult =
  | { readonly kind: 'answered'; readonly json: ByteString }
  | {
      readonly kind: 'failed';
      /** For clients and for the log. */
      readonly reason: string;
      readonly errorKind: UpstreamErrorKind;
      /** When the upstream wants to be asked again, in milliseconds from now, if it has said so. */
      readonly retryAfterMs: number | undefined;
    };

/** One question to the upstream, and all who wait for its answer. */
export interface PendingQuery {
  /** The same for questions that have the same answer. */
  readonly key: string;
  readonly query: NearbyQuery;
  /** The remote address of the first asker. */
  readonly remoteHost: string;
  readonly requesters: ActorRequest[];
  /** When its time is over, in milliseconds on the server's clock that never goes back. */
  readonly deadlineAtMs: number;
  cancelDeadline: () => void;
  attempts: number;
  state: QueryState;
}

/**
 * What makes two questions the same: place, radius and count. Who is there makes no difference to the upstream, and neither does by
 * how much a radius exceeds what it takes.
 */
export function coalescingKey(
  { latitude, longitude, radiusKm, count }: NearbyQuery,
  { maxRadiusKm }: Upstream,
): string {
  const radius = radiusKm > maxRadiusKm ? 'cut' : radiusKm;
  return `${latitude} ${longitude} ${radius} ${count}`;
}

/** The questions that are under way, each once. */
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

  /** Requests under way. */
  get requestingCount(): number {
    return this.counts.requesting;
  }

  /** Questions that wait, for whatever it is. */
  get waitingCount(): number {
    return this.counts.queued + this.counts['retry-wait'] + this.counts['circuit-open'];
  }

  /** Those in a stage, the oldest first. */
  inState(name: QueryState['name']): PendingQuery[] {
    return this.counts[name] === 0 ? [] : this.all.filter(({ state }) => state.name === name);
  }

  /** The one that asks the same, if there is one. */
  find(key: string): PendingQuery | undefined {
    return this.byKey.get(key);
  }

  /** Whether it is still under way: another one may ask the same by now. */
  has(pendingQuery: PendingQuery): boolean {
    return this.byKey.get(pendingQuery.key) === pendingQuery;
  }

  add(pendingQuery: PendingQuery): void {
    this.byKey.set(pendingQuery.key, pendingQuery);
    this.counts[pendingQuery.state.name] += 1;
  }

  /** Brings one that is under way to its next stage. */
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
