import { setTimeout as pause } from 'node:timers/promises';
import { backoffMs, linkPauseMaxMs } from '../actors/time/backoff.js';

/**
 * Waits before another attempt, longer after each that failed. Resolves with whether there is to be one: not when `signal` aborts.
 * @param failures so many in a row
 */
export async function mayTryAgain(failures: number, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    await pause(backoffMs(failures, Math.random(), linkPauseMaxMs), undefined, { signal });
    return true;
  } catch {
    return false;
  }
}
