/**
 * Keeps what came last, up to a limit. Once it is told to stay where it is, it takes as much again as a quarter of its limit,
 * and then nothing more: so what led to a moment stays, and some of what followed.
 */
export class Latest<Entry> {
  private readonly kept: Entry[] = [];
  private oldest = 0;
  private before = 0;
  private after = 0;
  private left = Infinity;

  constructor(private readonly max: number) {}

  /** How many are not kept that came earlier than those that are. */
  get leftOutBefore(): number {
    return this.before;
  }

  /** How many are not kept that came later than those that are. */
  get leftOutAfter(): number {
    return this.after;
  }

  add(entry: Entry): void {
    if (this.left === 0) {
      this.after += 1;
      return;
    }
    this.left -= 1;
    if (this.kept.length < this.max) {
      this.kept.push(entry);
      return;
    }
    this.kept[this.oldest] = entry;
    this.oldest = (this.oldest + 1) % this.max;
    this.before += 1;
  }

  /** What has come now matters most. Only the first time counts. */
  stay(): void {
    if (this.left === Infinity) this.left = Math.floor(this.max / 4);
  }

  /** What is kept, in the order in which it came. */
  all(): Entry[] {
    return [...this.kept.slice(this.oldest), ...this.kept.slice(0, this.oldest)];
  }
}
