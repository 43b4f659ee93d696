import type { Clock } from '../../actors/ports/clock.js';
import type { ByteString } from '../../protocol/text/bytes.js';
import type { FlushScheduler, Flushable } from '../time/flush-order.js';

interface Entry {
  readonly dueMs: number;
  readonly lines: ByteString[];
}

/** Delay queue of lines: releases them in order after a delay; those added in one turn are released together. */
export class DelayQueue implements Flushable {
  private entries: Entry[] = [];
  /** Entry of the current turn. */
  private currentEntry: Entry | undefined;
  private count = 0;
  private timer: unknown;

  /** @param onDrain is called after lines were released */
  constructor(
    private readonly clock: Clock,
    private readonly scheduler: FlushScheduler,
    private readonly onRelease: (lines: readonly ByteString[]) => void,
    private readonly onDrain: () => void = () => undefined,
  ) {}

  /** Number of queued lines. */
  get size(): number {
    return this.count;
  }

  /** Adds lines. They are never released before earlier ones, whatever their delay. */
  add(lines: readonly ByteString[], delayMs: number): void {
    this.count += lines.length;
    if (this.currentEntry !== undefined) {
      this.currentEntry.lines.push(...lines);
      return;
    }
    const dueMs = Math.max(Math.ceil(this.clock.monotonicMs() + delayMs), this.entries.at(-1)?.dueMs ?? 0);
    this.currentEntry = { dueMs, lines: [...lines] };
    this.entries.push(this.currentEntry);
    this.scheduler.schedule(this);
    if (this.timer === undefined) this.arm();
  }

  /** Ends the entry of the current turn. */
  flush(): void {
    this.currentEntry = undefined;
  }

  /** Releases all lines now. */
  releaseAll(): void {
    this.clock.clearTimeout(this.timer);
    this.timer = undefined;
    this.releaseDue(Infinity);
  }

  /** Discards all lines. */
  clear(): void {
    this.clock.clearTimeout(this.timer);
    this.timer = undefined;
    this.entries = [];
    this.currentEntry = undefined;
    this.count = 0;
  }

  private arm(): void {
    const [next] = this.entries;
    if (next === undefined) return;
    const delayMs = Math.max(0, next.dueMs - this.clock.monotonicMs());
    this.timer = this.clock.setTimeout(() => {
      this.timer = undefined;
      this.releaseDue(this.clock.monotonicMs());
      if (this.timer === undefined) this.arm();
    }, delayMs);
  }

  private releaseDue(untilMs: number): void {
    for (let [next] = this.entries; next !== undefined && next.dueMs <= untilMs; [next] = this.entries) {
      this.entries.shift();
      if (next === this.currentEntry) this.currentEntry = undefined;
      this.count -= next.lines.length;
      this.onRelease(next.lines);
    }
    this.onDrain();
  }
}
