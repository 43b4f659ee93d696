/** Long enough not to spin, short enough that nobody notices. */
const firstMs = 50;
const longestMs = 5000;

/**
 * How long to wait before a thread that died is started again: doubles with each death, up to five seconds.
 * @param deathsInARow 1 or more: deaths since it last did its work
 */
export function restartDelayMs(deathsInARow: number): number {
  return Math.min(longestMs, firstMs * 2 ** (deathsInARow - 1));
}
