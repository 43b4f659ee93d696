/**
 * Keeps the latest entries up to a limit. After `freeze()` it accepts a quarter of its limit more and then nothing, so what led
 * to that moment is kept, and some of what followed.
 */
export class BoundedLog<Entry> {
  private readonly entries: Entry[] = [];
  private oldest = 0;
  private droppedBefore = 0;
  private droppedAfter = 0;
  private remaining = Infinity;

  constructor(private readonly capacity: number) {}

  /** Number of omitted entries that came before the kept ones. */
  get omittedBefore(): number {
    return this.droppedBefore;
  }

  /** Number of omitted entries that came after the kept ones. */
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

  /** Keeps the entries around this moment. Only the first call counts. */
  freeze(): void {
    if (this.remaining === Infinity) this.remaining = Math.floor(this.capacity / 4);
  }

  /** The kept entries, in order. */
  all(): Entry[] {
    return [...this.entries.slice(this.oldest), ...this.entries.slice(0, this.oldest)];
  }
}
