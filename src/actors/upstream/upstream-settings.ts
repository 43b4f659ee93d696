import type { BudgetLimits } from './budget.js';

/** Settings of the upstream actor, set in herd.yaml and explained in docs/guides/upstreams.md. */
export interface UpstreamSettings {
  /** Deadline of a query including all attempts, in milliseconds. */
  readonly deadlineMs: number;
  /** Maximum requests in flight. */
  readonly maxConcurrentRequests: number;
  /** Maximum queued queries; further ones are rejected. */
  readonly maxQueued: number;
  /** Maximum attempts of a query. */
  readonly maxAttempts: number;
  /** Time to live of cached responses in milliseconds; 0 disables the cache. */
  readonly cacheTtlMs: number;
  /** Maximum memory of cached responses in bytes. */
  readonly maxCacheBytes: number;
  readonly budget: BudgetLimits;
}

export const defaultUpstreamSettings: UpstreamSettings = {
  deadlineMs: 5_000,
  maxConcurrentRequests: 32,
  maxQueued: 256,
  maxAttempts: 3,
  cacheTtlMs: 15_000,
  maxCacheBytes: 16 * 1_024 * 1_024,
  budget: { requestsPerMinute: undefined, requestsPerDay: undefined, costPerDay: undefined, costPerUnit: 0 },
};
