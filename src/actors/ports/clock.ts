import type { Instant } from '../../protocol/place/time.js';

/** Source of time and timers. Fits XState's `clock` option. */
export interface Clock {
  /** The time of day, with a resolution finer than a millisecond. May jump when the machine's clock is set. */
  now(): Instant;
  /** Milliseconds on a monotonic clock with an arbitrary origin. */
  monotonicMs(): number;
  /** Calls `callback` once, after at least `delayMs` milliseconds. */
  setTimeout(callback: () => void, delayMs: number): unknown;
  /** Cancels a timer; has no effect if it has fired. */
  clearTimeout(timer: unknown): void;
}
