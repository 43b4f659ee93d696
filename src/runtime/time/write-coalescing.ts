import type { WriteCoalescer } from './flush-order.js';

/** Settings of write coalescing, in milliseconds. */
export interface CoalescingSettings {
  /** A write within this time after the previous one belongs to a dense stream. */
  readonly denseGapMs: number;
  /** Minimum interval between two writes of a dense stream. */
  readonly intervalMs: number;
}

/**
 * Write coalescing: a single write is not delayed, and writes of a dense stream are combined for a few milliseconds. (Nagle's
 * algorithm, TCP's own write coalescing, waits for an acknowledgement of the remote end, which may be 40 ms late.)
 */
export class DenseWriteCoalescer implements WriteCoalescer {
  private writtenAtMs = -Infinity;
  /** Time at which the pending write is due; undefined if there is none. */
  private dueAtMs: number | undefined;

  /** @param nowMs returns monotonic time in milliseconds */
  constructor(
    private readonly settings: CoalescingSettings,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  remainingDelayMs(): number {
    const nowMs = this.nowMs();
    if (this.dueAtMs === undefined) {
      const { denseGapMs, intervalMs } = this.settings;
      const isDense = nowMs - this.writtenAtMs < denseGapMs;
      this.dueAtMs = isDense ? this.writtenAtMs + intervalMs : nowMs;
    }
    // A timer takes no negative delay.
    return Math.max(0, this.dueAtMs - nowMs);
  }

  recordWrite(): void {
    this.writtenAtMs = this.nowMs();
    this.dueAtMs = undefined;
  }
}
