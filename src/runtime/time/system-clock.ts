import { performance } from 'node:perf_hooks';
import type { Clock } from '../../actors/ports/clock.js';
import type { Random } from '../../actors/ports/random.js';
import type { Instant } from '../../protocol/place/time.js';

/**
 * Clock of the machine with sub-millisecond resolution.
 *
 * `Date.now()` follows the machine's clock but is cut to milliseconds; `performance.now()` has a fine resolution but counts from the
 * start of the process. This clock adds an offset to the latter and corrects it whenever the two differ, so it follows changes of the
 * machine's clock and is always within a millisecond of it.
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

/** Random numbers of the JavaScript engine: suitable for jitter, not for secrets. */
export const systemRandom: Random = { next: () => Math.random() };

/** Adds two times in milliseconds. A double of milliseconds since 1970 would have a resolution of only 240 ns. */
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
