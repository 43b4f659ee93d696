import type { Clock } from '../ports/clock.js';

/** Schedules the message upon which the owner of a timeout calls its `check`; returns a function that cancels it. */
export type ScheduleCheck = (delayMs: number) => () => void;

/** Detects that there was no activity for `timeoutMs` milliseconds. Activity costs one reading of the clock and sets no timer. */
export class IdleTimeout {
  private lastActivityMs: number;
  private cancelTimer: () => void;

  constructor(
    private readonly clock: Clock,
    private readonly timeoutMs: number,
    private readonly schedule: ScheduleCheck,
  ) {
    this.lastActivityMs = clock.monotonicMs();
    this.cancelTimer = schedule(timeoutMs);
  }

  /** Records activity. */
  touch(): void {
    this.lastActivityMs = this.clock.monotonicMs();
  }

  /**
   * Returns whether the timeout has passed; if not, schedules the next check.
   * @param isExempt whether there need be no activity now: counts as activity
   */
  check(isExempt: boolean): boolean {
    if (isExempt) this.touch();
    const remainingMs = this.lastActivityMs + this.timeoutMs - this.clock.monotonicMs();
    if (remainingMs <= 0) return true;
    this.cancelTimer = this.schedule(Math.ceil(remainingMs));
    return false;
  }

  stop(): void {
    this.cancelTimer();
  }
}
