import type { Clock } from '../ports/clock.js';

/** What is watched: bytes that somebody has yet to take. */
export interface Backlog {
  /** Bytes that wait now. */
  bytes(): number;
  /** As many may wait for as long as they like. */
  readonly bytesMax: number;
}

/** Tells when somebody who has too much to take takes none of it. Who takes a little is slow, and not stalled. */
export class StallWatch {
  private timer: unknown;

  /** @param stallMs how long nothing may be taken, in milliseconds */
  constructor(
    private readonly clock: Clock,
    private readonly stallMs: number,
    private readonly backlog: Backlog,
    private readonly onStall: () => void,
  ) {}

  /** Begins to watch, for as long as the backlog is too large; without effect while it watches. */
  begin(): void {
    if (this.timer === undefined) this.arm();
  }

  stop(): void {
    this.clock.clearTimeout(this.timer);
    this.timer = undefined;
  }

  private arm(): void {
    const before = this.backlog.bytes();
    this.timer = this.clock.setTimeout(() => {
      this.timer = undefined;
      const bytes = this.backlog.bytes();
      if (bytes <= this.backlog.bytesMax) return;
      if (bytes < before) this.arm();
      else this.onStall();
    }, this.stallMs);
  }
}
