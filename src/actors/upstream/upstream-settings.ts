import type { BudgetLimits } from './budget.js';

/** How a server asks its upstream. docs/upstreams.md gives the reason of each; herd.yaml may set them. */
export interface UpstreamSettings {
  /** From the question to its answer, over all attempts, in milliseconds. */
  readonly deadlineMs: number;
  /** Requests under way at once. */
  readonly maxConcurrentRequests: number;
  /** Questions that wait for their turn; one more is answered with an error. */
  readonly maxQueued: number;
  /** How often a question is asked at most, where asking again can help. */
  readonly maxAttempts: number;
  /** How long an answer is given to the same question again, in milliseconds; 0 for not at all. */
  readonly cacheTtlMs: number;
  /** What the answers that are kept may take, in bytes. */
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
