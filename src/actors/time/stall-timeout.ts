import type { Clock } from '../ports/clock.js';

/** What is watched: bytes that somebody has yet to take. */
export interface OutputBuffer {
  /** Bytes that wait now. */
  bytes(): number;
  /** As many may wait for as long as they like. */
  readonly maxBytes: number;
}

/** Tells when somebody who has too much to take takes none of it. Who takes a little is slow, and not stalled. */
export class StallTimeout {
  private timer: unknown;

  /** @param timeoutMs how long nothing may be taken, in milliseconds */
  constructor(
    private readonly clock: Clock,
    private readonly timeoutMs: number,
    private readonly buffer: OutputBuffer,
    private readonly onTimeout: () => void,
  ) {}

  /** Begins to watch, for as long as the backlog is too large; without effect while it watches. */
  start(): void {
    if (this.timer === undefined) this.arm();
  }

  stop(): void {
    this.clock.clearTimeout(this.timer);
    this.timer = undefined;
  }

  private arm(): void {
    const previousBytes = this.buffer.bytes();
    this.timer = this.clock.setTimeout(() => {
      this.timer = undefined;
      const bytes = this.buffer.bytes();
      if (bytes <= this.buffer.maxBytes) return;
      if (bytes < previousBytes) this.arm();
      else this.onTimeout();
    }, this.timeoutMs);
  }
}
