import type { Instant } from '../../protocol/place/time.js';

/** Time, as actors see it. Fits XState's `clock` option. */
export interface Clock {
  /** The time of day, finer than a millisecond. May be set back or forth by whoever keeps the machine's clock. */
  now(): Instant;
  /** Milliseconds since some fixed moment; never goes back. */
  monotonicMs(): number;
  /** Calls back once, after at least `delayMs`. */
  setTimeout(callback: () => void, delayMs: number): unknown;
  /** Takes a `setTimeout` back; without effect on one that has fired. */
  clearTimeout(timer: unknown): void;
}
