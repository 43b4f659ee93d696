import type { UpstreamErrorKind } from '../../protocol/upstream/errors.js';
import { backoffMs } from '../time/backoff.js';

/** Maximum backoff in milliseconds, as a client waits; a Retry-After delay may be longer. */
const maxDelayMs = 1_000;

/** A failed attempt, and what is left for further ones. */
export interface FailedAttempt {
  readonly errorKind: UpstreamErrorKind;
  /** Attempts made: 1 or more. */
  readonly attempts: number;
  readonly maxAttempts: number;
  /** Milliseconds until the deadline of the query. */
  readonly remainingMs: number;
  /** The upstream's Retry-After delay in milliseconds; undefined if it sent none. */
  readonly retryAfterMs: number | undefined;
}

/**
 * Returns the delay before the next attempt in milliseconds; undefined if a retry cannot help, or would miss the deadline.
 * @param random a number from 0 (inclusive) to 1 (exclusive)
 */
export function retryDelayMs(failed: FailedAttempt, random: number): number | undefined {
  const { errorKind, attempts, maxAttempts, remainingMs, retryAfterMs } = failed;
  if (attempts >= maxAttempts) return undefined;
  if (errorKind !== 'transient' && errorKind !== 'rate-limited') return undefined;
  // Without a Retry-After delay, a retry would only prolong the rate limit.
  if (errorKind === 'rate-limited' && retryAfterMs === undefined) return undefined;
  const delayMs = retryAfterMs ?? backoffMs(attempts, random, maxDelayMs);
  return delayMs < remainingMs ? delayMs : undefined;
}
