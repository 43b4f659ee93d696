import type { Trouble } from '../../protocol/upstream/errors.js';
import { backoffMs } from '../time/backoff.js';

/** The longest pause that is ours to choose, in milliseconds: a client waits. */
const pauseMaxMs = 1_000;

/** An attempt that failed, and what is left for others. */
export interface FailedAttempt {
  readonly trouble: Trouble;
  /** How often the question has been asked: 1 or more. */
  readonly attempts: number;
  readonly attemptsMax: number;
  /** Until the client must have its answer, in milliseconds. */
  readonly leftMs: number;
  /** When the upstream wants to be asked again, in milliseconds from now; undefined if it has not said. */
  readonly restMs: number | undefined;
}

/**
 * How long to wait before the question is asked again, in milliseconds; undefined if that cannot help, or not in time.
 * @param random a number from 0 up to 1
 */
export function retryPauseMs(failed: FailedAttempt, random: number): number | undefined {
  const { trouble, attempts, attemptsMax, leftMs, restMs } = failed;
  if (attempts >= attemptsMax) return undefined;
  if (trouble !== 'passing' && trouble !== 'pace') return undefined;
  // Who is asked too often, and does not say when that is over, is best left alone.
  if (trouble === 'pace' && restMs === undefined) return undefined;
  const pauseMs = restMs ?? backoffMs(attempts, random, pauseMaxMs);
  return pauseMs < leftMs ? pauseMs : undefined;
}
