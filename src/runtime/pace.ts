import type { FlushScheduler, Gatherer } from './turn.js';

/** When a stream of work is dense, and how often it is then flushed, in milliseconds. */
export interface PaceSettings {
  /** What comes this soon after a flush belongs to a dense stream. */
  readonly denseMs: number;
  /** Between two flushes of a dense stream, at least. */
  readonly everyMs: number;
}

/**
 * Flushes at the end of the turn what comes by itself, and of a dense stream of work what gathers in every so many
 * milliseconds: who is idle waits for nothing, and who is busy makes few large writes of many small ones. (TCP's own way to
 * this, Nagle's algorithm, waits for the far end's acknowledgement, which may be 40 ms late.)
 */
export class Pace implements FlushScheduler, Gatherer {
  private waiting: Gatherer[] = [];
  private flushedAtMs = -Infinity;

  constructor(
    private readonly turn: FlushScheduler,
    private readonly settings: PaceSettings,
  ) {}

  ask(gatherer: Gatherer): void {
    this.waiting.push(gatherer);
    if (this.waiting.length > 1) return;
    const { denseMs, everyMs } = this.settings;
    const sinceMs = performance.now() - this.flushedAtMs;
    if (sinceMs >= denseMs) this.turn.ask(this);
    else setTimeout(() => this.flush(), everyMs - sinceMs);
  }

  flush(): void {
    this.flushedAtMs = performance.now();
    const gatherers = this.waiting;
    this.waiting = [];
    for (const gatherer of gatherers) gatherer.flush();
  }
}
