import type { Clock } from '../../actors/ports/clock.js';
import type { ByteString } from '../../protocol/text/bytes.js';
import type { FlushScheduler, Flushable } from '../time/flush-order.js';

interface Entry {
  readonly dueMs: number;
  readonly lines: ByteString[];
}

/** Lines that come out some time after they were put in, in that order, and those of one turn together. */
export class DelayQueue implements Flushable {
  private entries: Entry[] = [];
  /** What was put in during the present turn. */
  private currentEntry: Entry | undefined;
  private count = 0;
  private timer: unknown;

  /** @param onDrain called when some have come out, and no more are due */
  constructor(
    private readonly clock: Clock,
    private readonly scheduler: FlushScheduler,
    private readonly onRelease: (lines: readonly ByteString[]) => void,
    private readonly onDrain: () => void = () => undefined,
  ) {}

  /** How many lines are inside. */
  get size(): number {
    return this.count;
  }

  /** Lines that were put in earlier come out first, whatever their delay. */
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

  /** The turn has ended. */
  flush(): void {
    this.currentEntry = undefined;
  }

  /** Has all come out now. */
  releaseAll(): void {
    this.clock.clearTimeout(this.timer);
    this.timer = undefined;
    this.releaseDue(Infinity);
  }

  /** Forgets what is inside. */
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
