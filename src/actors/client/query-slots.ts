/** Limits the queries of all connections that are in flight. Further queries wait in FIFO order. */
export class QuerySlots {
  private usedCount = 0;
  private readonly waiting = new Set<() => void>();

  /** @param max queries in flight */
  constructor(private readonly max: number) {}

  /**
   * Acquires a slot. If none is free, `onSlot` is called when one is, which is then acquired.
   * @returns whether a slot was acquired now
   */
  acquire(onSlot: () => void): boolean {
    if (this.usedCount < this.max) {
      this.usedCount += 1;
      return true;
    }
    this.waiting.add(onSlot);
    return false;
  }

  /** Releases a slot. It goes to the query that has waited longest. */
  release(): void {
    const [next] = this.waiting;
    if (next === undefined) {
      this.usedCount -= 1;
      return;
    }
    this.waiting.delete(next);
    next();
  }

  /** Drops all waiting queries. */
  close(): void {
    this.waiting.clear();
  }

  /** Removes a waiting query. */
  cancel(onSlot: () => void): void {
    this.waiting.delete(onSlot);
  }
}
