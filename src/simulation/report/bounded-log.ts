/**
 * Keeps what came last, up to a limit. Once it is told to stay where it is, it takes as much again as a quarter of its limit,
 * and then nothing more: so what led to a moment stays, and some of what followed.
 */
export class BoundedLog<Entry> {
  private readonly entries: Entry[] = [];
  private oldest = 0;
  private droppedBefore = 0;
  private droppedAfter = 0;
  private remaining = Infinity;

  constructor(private readonly capacity: number) {}

  /** How many are not kept that came earlier than those that are. */
  get omittedBefore(): number {
    return this.droppedBefore;
  }

  /** How many are not kept that came later than those that are. */
  get omittedAfter(): number {
    return this.droppedAfter;
  }

  add(entry: Entry): void {
    if (this.remaining === 0) {
      this.droppedAfter += 1;
      return;
    }
    this.remaining -= 1;
    if (this.entries.length < this.capacity) {
      this.entries.push(entry);
      return;
    }
    this.entries[this.oldest] = entry;
    this.oldest = (this.oldest + 1) % this.capacity;
    this.droppedBefore += 1;
  }

  /** What has come now matters most. Only the first time counts. */
  freeze(): void {
    if (this.remaining === Infinity) this.remaining = Math.floor(this.capacity / 4);
  }

  /** What is kept, in the order in which it came. */
  all(): Entry[] {
    return [...this.entries.slice(this.oldest), ...this.entries.slice(0, this.oldest)];
  }
}
