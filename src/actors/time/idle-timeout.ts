import type { Clock } from '../ports/clock.js';

/** Tells when nothing has moved for a while. A move costs a reading of the clock, and no timer is set anew for it. */
export class IdleTimeout {
  private lastActivityMs: number;
  private timer: unknown;

  constructor(
    private readonly clock: Clock,
    private readonly timeoutMs: number,
    /** Whether it is in order now that nothing moves. */
    private readonly isExempt: () => boolean,
    private readonly onTimeout: () => void,
  ) {
    this.lastActivityMs = clock.monotonicMs();
    this.arm(timeoutMs);
  }

  /** Something has moved. */
  touch(): void {
    this.lastActivityMs = this.clock.monotonicMs();
  }

  stop(): void {
    this.clock.clearTimeout(this.timer);
  }

  private arm(delayMs: number): void {
    this.timer = this.clock.setTimeout(() => {
      if (this.isExempt()) this.touch();
      const remainingMs = this.lastActivityMs + this.timeoutMs - this.clock.monotonicMs();
      if (remainingMs > 0) this.arm(Math.ceil(remainingMs));
      else this.onTimeout();
    }, delayMs);
  }
}
