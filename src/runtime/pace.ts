import type { FlushScheduler, Gatherer } from './turn.js';

/**
 * Flushes at the end of the turn what was asked for after a pause, and of a stream of work what gathers in every so many
 * milliseconds: who is idle waits for nothing, and who is busy makes few large writes of many small ones. (TCP's own way to
 * this, Nagle's algorithm, waits for the far end's acknowledgement, which may be 40 ms late.)
 */
export class Pace implements FlushScheduler, Gatherer {
  private waiting: Gatherer[] = [];
  private flushedAtMs = -Infinity;

  /** @param everyMs milliseconds between two flushes, at least */
  constructor(
    private readonly turn: FlushScheduler,
    private readonly everyMs: number,
  ) {}

  ask(gatherer: Gatherer): void {
    this.waiting.push(gatherer);
    if (this.waiting.length > 1) return;
    const restMs = this.flushedAtMs + this.everyMs - performance.now();
    if (restMs <= 0) this.turn.ask(this);
    else setTimeout(() => this.flush(), restMs);
  }

  flush(): void {
    this.flushedAtMs = performance.now();
    const gatherers = this.waiting;
    this.waiting = [];
    for (const gatherer of gatherers) gatherer.flush();
  }
}
