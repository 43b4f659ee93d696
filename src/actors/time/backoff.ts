/** Maximum pause before the second attempt in milliseconds; it doubles with each attempt. */
const baseMs = 100;
/** Maximum pause between two attempts of a link, in milliseconds. Short, as an attempt costs little. */
export const maxLinkBackoffMs = 1_000;

/** Maximum pause between two starts of a server that keeps failing, in milliseconds. Each start opens a log and a database. */
export const maxRestartBackoffMs = 30_000;

/**
 * Returns the pause before the next attempt: exponential backoff, capped, with full jitter, so that servers that lost the same
 * neighbour do not reconnect at the same time (M. Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015).
 *
 * @param attempt the number of consecutive failed attempts, 1 or more
 * @param random a number from 0 (inclusive) to 1 (exclusive)
 * @param maxMs the maximum pause in milliseconds
 * @returns whole milliseconds, 1 to `maxMs`
 */
export function backoffMs(attempt: number, random: number, maxMs: number): number {
  const ceilingMs = Math.min(maxMs, baseMs * 2 ** (attempt - 1));
  return Math.max(1, Math.round(ceilingMs * random));
}
