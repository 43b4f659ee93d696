import type { Clock } from '../../actors/ports/clock.js';
import type { Instant } from '../../protocol/place/time.js';
import { TimerHeap, type Timer } from './timer-heap.js';

/** Time of day at which every virtual clock starts: a whole second, for readable times. */
const startSeconds = 1_700_000_000;

/** Converts milliseconds since the start of a virtual clock to the time of day. */
export function instantAt(elapsedMs: number): Instant {
  const seconds = Math.floor(elapsedMs / 1_000);
  // Limited, because rounding could give 1,000,000,000 nanoseconds.
  const nanoseconds = Math.min(999_999_999, Math.round((elapsedMs - seconds * 1_000) * 1_000_000));
  return { seconds: startSeconds + seconds, nanoseconds };
}

/**
 * A clock that advances only on request. It steps from deadline to deadline, so a timer armed while another fires is due at its
 * proper time, not at the end of the step. (XState's own `SimulatedClock` jumps first.)
 */
export class VirtualClock implements Clock {
  private readonly timers = new TimerHeap();
  private elapsedMs = 0;
  private sequence = 0;
  private armedCount = 0;

  now(): Instant {
    return instantAt(this.elapsedMs);
  }

  monotonicMs(): number {
    return this.elapsedMs;
  }

  setTimeout(callback: () => void, delayMs: number): unknown {
    const timer: Timer = { dueMs: this.elapsedMs + Math.max(0, delayMs), sequence: (this.sequence += 1), callback };
    this.armedCount += 1;
    this.timers.add(timer);
    return timer;
  }

  clearTimeout(timer: unknown): void {
    if (timer === undefined || (timer as Timer).callback === undefined) return;
    (timer as Timer).callback = undefined;
    this.armedCount -= 1;
  }

  /** Number of armed timers, to detect leaks. */
  get armedTimerCount(): number {
    return this.armedCount;
  }

  /** Lets time pass. Timers due at the same moment fire in the order in which they were armed. */
  advance(byMs: number): void {
    const untilMs = this.elapsedMs + byMs;
    while (this.fireNext(untilMs) === 'fired');
  }

  /** Advances to the next timer that is due by then and fires it; if there is none, advances to that moment. */
  fireNext(untilMs: number): 'fired' | 'none due' {
    const timer = this.timers.first;
    if (timer === undefined || timer.dueMs > untilMs) {
      this.elapsedMs = Math.max(this.elapsedMs, untilMs);
      return 'none due';
    }
    this.timers.removeFirst();
    this.elapsedMs = timer.dueMs;
    const { callback } = timer;
    timer.callback = undefined;
    this.armedCount -= 1;
    callback?.();
    return 'fired';
  }
}
