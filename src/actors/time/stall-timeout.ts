import type { ScheduleCheck } from './idle-timeout.js';

/** The output buffer that is monitored. */
export interface OutputBuffer {
  /** Bytes in the buffer now. */
  bytes(): number;
  /** Bytes that may stay in the buffer without a timeout. */
  readonly maxBytes: number;
}

/** Detects that a full output buffer has not shrunk at all for `timeoutMs` milliseconds. Slow progress is not a stall. */
export class StallTimeout {
  private previousBytes = 0;
  /** Undefined while the buffer is not monitored. */
  private cancelTimer: (() => void) | undefined;

  constructor(
    private readonly timeoutMs: number,
    private readonly buffer: OutputBuffer,
    private readonly schedule: ScheduleCheck,
  ) {}

  /** Monitors the buffer until it is no longer full. Has no effect while it is monitored. */
  start(): void {
    if (this.cancelTimer !== undefined) return;
    this.previousBytes = this.buffer.bytes();
    this.cancelTimer = this.schedule(this.timeoutMs);
  }

  /** Returns whether the buffer is stalled; if it is full, but has shrunk, schedules the next check. */
  check(): boolean {
    this.cancelTimer = undefined;
    const bytes = this.buffer.bytes();
    if (bytes <= this.buffer.maxBytes) return false;
    if (bytes >= this.previousBytes) return true;
    this.start();
    return false;
  }

  stop(): void {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
  }
}
