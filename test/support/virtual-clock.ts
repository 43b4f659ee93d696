import type { Clock } from '../../src/actors/clock.js';
import type { Instant } from '../../src/protocol/time.js';

interface Timer {
  readonly dueMs: number;
  readonly callback: () => void;
}

/** The time of day at which every virtual clock starts: a whole second, so that sums are easy to read. */
const startSeconds = 1_700_000_000;

/**
 * A clock that stands still until it is told to go on. It steps from deadline to deadline: a timer that is armed while
 * another fires is due when it should be, not when the step ends.
 */
export class VirtualClock implements Clock {
  private readonly timers = new Set<Timer>();
  private elapsedMs = 0;

  now(): Instant {
    const seconds = Math.floor(this.elapsedMs / 1_000);
    const nanoseconds = Math.round((this.elapsedMs - seconds * 1_000) * 1_000_000);
    return { seconds: startSeconds + seconds, nanoseconds };
  }

  monotonicMs(): number {
    return this.elapsedMs;
  }

  setTimeout(callback: () => void, delayMs: number): unknown {
    const timer = { dueMs: this.elapsedMs + Math.max(0, delayMs), callback };
    this.timers.add(timer);
    return timer;
  }

  clearTimeout(timer: unknown): void {
    this.timers.delete(timer as Timer);
  }

  /** How many timers are armed: one that nobody needs any more is a leak. */
  get armed(): number {
    return this.timers.size;
  }

  /** Lets time pass. Timers due at the same moment fire in the order in which they were armed. */
  advance(byMs: number): void {
    const untilMs = this.elapsedMs + byMs;
    for (let timer = this.nextUntil(untilMs); timer !== undefined; timer = this.nextUntil(untilMs)) {
      this.timers.delete(timer);
      this.elapsedMs = timer.dueMs;
      timer.callback();
    }
    this.elapsedMs = untilMs;
  }

  private nextUntil(untilMs: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.timers) {
      if (timer.dueMs <= untilMs && (next === undefined || timer.dueMs < next.dueMs)) next = timer;
    }
    return next;
  }
}
