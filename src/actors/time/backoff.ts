/** The longest pause before the second attempt, in milliseconds; it doubles with each. */
const baseMs = 100;
/** The longest pause of a link: how long a neighbour that came back may stay unnoticed. An attempt costs next to nothing. */
export const maxLinkBackoffMs = 1_000;

/** The longest pause of a server that fails again and again: each start opens a log and a database. */
export const maxRestartBackoffMs = 30_000;

/**
 * How long to wait before the next attempt: exponential, capped, with full jitter, so that many who lost the same
 * neighbour do not come back in step (M. Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015).
 *
 * @param attempt how many attempts have failed in a row, 1 or more
 * @param random a number from 0 up to 1
 * @param maxMs the longest pause at all, in milliseconds
 * @returns whole milliseconds, 1 to the longest pause
 */
export function backoffMs(attempt: number, random: number, maxMs: number): number {
  const ceilingMs = Math.min(maxMs, baseMs * 2 ** (attempt - 1));
  return Math.max(1, Math.round(ceilingMs * random));
}
