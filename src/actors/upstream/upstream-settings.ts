import type { BudgetLimits } from './budget.js';

/** How a server asks its upstream. docs/upstreams.md gives the reason of each; herd.yaml may set them. */
export interface UpstreamPace {
  /** From the question to its answer, over all attempts, in milliseconds. */
  readonly deadlineMs: number;
  /** Requests under way at once. */
  readonly requestsMax: number;
  /** Questions that wait for their turn; one more is answered with an error. */
  readonly queueMax: number;
  /** How often a question is asked at most, where asking again can help. */
  readonly attemptsMax: number;
  /** How long an answer is given to the same question again, in milliseconds; 0 for not at all. */
  readonly cacheMs: number;
  /** What the answers that are kept may take, in bytes. */
  readonly cacheBytesMax: number;
  readonly budget: BudgetLimits;
}

export const defaultUpstreamPace: UpstreamPace = {
  deadlineMs: 5_000,
  requestsMax: 32,
  queueMax: 256,
  attemptsMax: 3,
  cacheMs: 15_000,
  cacheBytesMax: 16 * 1_024 * 1_024,
  budget: { requestsPerMinute: undefined, requestsPerDay: undefined, costPerDay: undefined, unitCost: 0 },
};
