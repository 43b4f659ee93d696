import type { WriteCoalescer } from './flush-order.js';

/** When a stream of writes is dense, and how often it is then written, in milliseconds. */
export interface CoalescingSettings {
  /** What comes this soon after a write belongs to a dense stream. */
  readonly denseGapMs: number;
  /** Between two writes of a dense stream, at least. */
  readonly intervalMs: number;
}

/**
 * Lets nothing wait that comes by itself, and gathers a dense stream for some milliseconds: who is idle waits for nothing, and
 * who is busy makes few large writes of many small ones. (TCP's own way to this, Nagle's algorithm, waits for the far end's
 * acknowledgement, which may be 40 ms late.)
 */
export class DenseWriteCoalescer implements WriteCoalescer {
  private writtenAtMs = -Infinity;
  /** When what waits now is due; undefined if nothing waits. */
  private dueAtMs: number | undefined;

  /** @param nowMs a clock that never goes back, in milliseconds */
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
    // Never below 0: no timer can be armed with less.
    return Math.max(0, this.dueAtMs - nowMs);
  }

  recordWrite(): void {
    this.writtenAtMs = this.nowMs();
    this.dueAtMs = undefined;
  }
}
