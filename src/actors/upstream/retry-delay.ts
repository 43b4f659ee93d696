import type { UpstreamErrorKind } from '../../protocol/upstream/errors.js';
import { backoffMs } from '../time/backoff.js';

/** The longest pause that is ours to choose, in milliseconds: a client waits. */
const maxDelayMs = 1_000;

/** An attempt that failed, and what is left for others. */
export interface FailedAttempt {
  readonly errorKind: UpstreamErrorKind;
  /** How often the question has been asked: 1 or more. */
  readonly attempts: number;
  readonly maxAttempts: number;
  /** Until the client must have its answer, in milliseconds. */
  readonly remainingMs: number;
  /** When the upstream wants to be asked again, in milliseconds from now; undefined if it has not said. */
  readonly retryAfterMs: number | undefined;
}

/**
 * How long to wait before the question is asked again, in milliseconds; undefined if that cannot help, or not in time.
 * @param random a number from 0 up to 1
 */
export function retryDelayMs(failed: FailedAttempt, random: number): number | undefined {
  const { errorKind, attempts, maxAttempts, remainingMs, retryAfterMs } = failed;
  if (attempts >= maxAttempts) return undefined;
  if (errorKind !== 'transient' && errorKind !== 'rate-limited') return undefined;
  // Who is asked too often, and does not say when that is over, is best left alone.
  if (errorKind === 'rate-limited' && retryAfterMs === undefined) return undefined;
  const delayMs = retryAfterMs ?? backoffMs(attempts, random, maxDelayMs);
  return delayMs < remainingMs ? delayMs : undefined;
}
