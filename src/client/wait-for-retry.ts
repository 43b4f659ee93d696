import { setTimeout as pause } from 'node:timers/promises';
import { backoffMs, maxLinkBackoffMs } from '../actors/time/backoff.js';

/**
 * Waits before another attempt, longer after each that failed. Resolves with whether there is to be one: not when `signal` aborts.
 * @param failures so many in a row
 */
export async function waitForRetry(failures: number, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    await pause(backoffMs(failures, Math.random(), maxLinkBackoffMs), undefined, { signal });
    return true;
  } catch {
    return false;
  }
}
