import { performance } from 'node:perf_hooks';
import type { Clock } from '../../actors/ports/clock.js';
import type { Instant } from '../../protocol/place/time.js';

/**
 * The machine's clock, to the nanosecond as far as the machine knows it.
 *
 * `Date.now()` follows the machine's clock but is cut to milliseconds; `performance.now()` is fine but only counts from
 * the start of the process. So the fine one is read, and its offset is moved wherever it contradicts the coarse one: it
 * stays true when the clock is set, and within a millisecond of it always.
 */
export class SystemClock implements Clock {
  private offsetMs = performance.timeOrigin;

  now(): Instant {
    const elapsedMs = performance.now();
    const coarseMs = Date.now();
    const fineMs = this.offsetMs + elapsedMs;
    if (fineMs < coarseMs) this.offsetMs = coarseMs - elapsedMs;
    else if (fineMs >= coarseMs + 1) this.offsetMs = coarseMs + 0.999_999 - elapsedMs;
    return instantOf(this.offsetMs, elapsedMs);
  }

  monotonicMs(): number {
    return performance.now();
  }

  setTimeout(callback: () => void, delayMs: number): unknown {
    return setTimeout(callback, delayMs);
  }

  clearTimeout(timer: unknown): void {
    clearTimeout(timer as NodeJS.Timeout);
  }
}

/** Adds two numbers of milliseconds without losing nanoseconds: a double of milliseconds since 1970 holds only 240 of them. */
function instantOf(offsetMs: number, elapsedMs: number): Instant {
  const offsetSeconds = Math.floor(offsetMs / 1_000);
  const elapsedSeconds = Math.floor(elapsedMs / 1_000);
  const restMs = offsetMs - offsetSeconds * 1_000 + (elapsedMs - elapsedSeconds * 1_000);
  const restNanoseconds = Math.floor(restMs * 1_000_000);
  const carry = Math.floor(restNanoseconds / 1_000_000_000);
  return {
    seconds: offsetSeconds + elapsedSeconds + carry,
    nanoseconds: restNanoseconds - carry * 1_000_000_000,
  };
}
