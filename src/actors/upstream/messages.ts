import type { NearbyQuery } from '../../protocol/upstream/upstream.js';
import type { BreakerState } from '../bus/events.js';
import type { MachineFailed, RateLimitedRequest } from '../bus/requests.js';
import type { AttemptResult, PendingQuery } from './pending-query.js';

/** Sent to the upstream actor; it sends all but the first to itself. */
export type UpstreamMessage =
  | ({ readonly kind: 'nearby'; readonly query: NearbyQuery } & RateLimitedRequest)
  /** An HTTP request to the upstream has ended. */
  | { readonly kind: 'attempt-ended'; readonly pendingQuery: PendingQuery; readonly outcome: AttemptResult }
  /** The pause before the next attempt of a query is over. */
  | { readonly kind: 'retry-due'; readonly pendingQuery: PendingQuery }
  /** The deadline of a query has passed. */
  | { readonly kind: 'deadline-exceeded'; readonly pendingQuery: PendingQuery }
  /** The circuit breaker entered a state. */
  | { readonly kind: 'breaker-changed'; readonly state: BreakerState }
  | MachineFailed;
