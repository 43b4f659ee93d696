import type { Clock } from '../../actors/ports/clock.js';
import type { ByteString } from '../../protocol/text/bytes.js';
import type { FlushScheduler, Gatherer } from '../time/flush-order.js';

interface Entry {
  readonly dueMs: number;
  readonly lines: ByteString[];
}

/** Lines that come out some time after they were put in, in that order, and those of one turn together. */
export class LateLines implements Gatherer {
  private entries: Entry[] = [];
  /** What was put in during the present turn. */
  private gathering: Entry | undefined;
  private count = 0;
  private timer: unknown;

  /** @param onLess called when some have come out, and no more are due */
  constructor(
    private readonly clock: Clock,
    private readonly turn: FlushScheduler,
    private readonly out: (lines: readonly ByteString[]) => void,
    private readonly onLess: () => void = () => undefined,
  ) {}

  /** How many lines are inside. */
  get size(): number {
    return this.count;
  }

  /** Lines that were put in earlier come out first, whatever their delay. */
  put(lines: readonly ByteString[], delayMs: number): void {
    this.count += lines.length;
    if (this.gathering !== undefined) {
      this.gathering.lines.push(...lines);
      return;
    }
    const dueMs = Math.max(Math.ceil(this.clock.monotonicMs() + delayMs), this.entries.at(-1)?.dueMs ?? 0);
    this.gathering = { dueMs, lines: [...lines] };
    this.entries.push(this.gathering);
    this.turn.ask(this);
    if (this.timer === undefined) this.arm();
  }

  /** The turn has ended. */
  flush(): void {
    this.gathering = undefined;
  }

  /** Has all come out now. */
  release(): void {
    this.clock.clearTimeout(this.timer);
    this.timer = undefined;
    this.comeOut(Infinity);
  }

  /** Forgets what is inside. */
  drop(): void {
    this.clock.clearTimeout(this.timer);
    this.timer = undefined;
    this.entries = [];
    this.gathering = undefined;
    this.count = 0;
  }

  private arm(): void {
    const [next] = this.entries;
    if (next === undefined) return;
    const inMs = Math.max(0, next.dueMs - this.clock.monotonicMs());
    this.timer = this.clock.setTimeout(() => {
      this.timer = undefined;
      this.comeOut(this.clock.monotonicMs());
      if (this.timer === undefined) this.arm();
    }, inMs);
  }

  private comeOut(untilMs: number): void {
    for (let [next] = this.entries; next !== undefined && next.dueMs <= untilMs; [next] = this.entries) {
      this.entries.shift();
      if (next === this.gathering) this.gathering = undefined;
      this.count -= next.lines.length;
      this.out(next.lines);
    }
    this.onLess();
  }
}
