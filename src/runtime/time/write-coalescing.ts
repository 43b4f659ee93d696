import type { LinkPace } from './flush-order.js';

/** When a stream of writes is dense, and how often it is then written, in milliseconds. */
export interface PaceSettings {
  /** What comes this soon after a write belongs to a dense stream. */
  readonly denseMs: number;
  /** Between two writes of a dense stream, at least. */
  readonly everyMs: number;
}

/**
 * Lets nothing wait that comes by itself, and gathers a dense stream for some milliseconds: who is idle waits for nothing, and
 * who is busy makes few large writes of many small ones. (TCP's own way to this, Nagle's algorithm, waits for the far end's
 * acknowledgement, which may be 40 ms late.)
 */
export class Pace implements LinkPace {
  private writtenAtMs = -Infinity;
  /** When what waits now is due; undefined if nothing waits. */
  private dueAtMs: number | undefined;

  /** @param nowMs a clock that never goes back, in milliseconds */
  constructor(
    private readonly settings: PaceSettings,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  waitMs(): number {
    const nowMs = this.nowMs();
    if (this.dueAtMs === undefined) {
      const { denseMs, everyMs } = this.settings;
      const isDense = nowMs - this.writtenAtMs < denseMs;
      this.dueAtMs = isDense ? this.writtenAtMs + everyMs : nowMs;
    }
    // Never below 0: no timer can be armed with less.
    return Math.max(0, this.dueAtMs - nowMs);
  }

  written(): void {
    this.writtenAtMs = this.nowMs();
    this.dueAtMs = undefined;
  }
}
