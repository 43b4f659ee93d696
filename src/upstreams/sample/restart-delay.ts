/** Long enough not to spin, short enough that nobody notices. */
const baseDelayMs = 50;
const maxDelayMs = 5000;

/**
 * How long to wait before a thread that died is started again: doubles with each death, up to five seconds.
 * @param consecutiveExits 1 or more: deaths since it last did its work
 */
export function restartDelayMs(consecutiveExits: number): number {
  return Math.min(maxDelayMs, baseDelayMs * 2 ** (consecutiveExits - 1));
}
