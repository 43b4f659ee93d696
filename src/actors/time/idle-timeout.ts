import type { Clock } from '../ports/clock.js';

/** Tells when nothing has moved for a while. A move costs a reading of the clock, and no timer is set anew for it. */
export class IdleWatch {
  private movedAtMs: number;
  private timer: unknown;

  constructor(
    private readonly clock: Clock,
    private readonly idleMs: number,
    /** Whether it is in order now that nothing moves. */
    private readonly mayRest: () => boolean,
    private readonly onIdle: () => void,
  ) {
    this.movedAtMs = clock.monotonicMs();
    this.arm(idleMs);
  }

  /** Something has moved. */
  moved(): void {
    this.movedAtMs = this.clock.monotonicMs();
  }

  stop(): void {
    this.clock.clearTimeout(this.timer);
  }

  private arm(delayMs: number): void {
    this.timer = this.clock.setTimeout(() => {
      if (this.mayRest()) this.moved();
      const leftMs = this.movedAtMs + this.idleMs - this.clock.monotonicMs();
      if (leftMs > 0) this.arm(Math.ceil(leftMs));
      else this.onIdle();
    }, delayMs);
  }
}
