/** Bounds how many queries of all connections are under way. Queries beyond the bound wait, first come, first served. */
export class QuerySlots {
  private usedCount = 0;
  private readonly waiting = new Set<() => void>();

  /** @param max queries under way at once */
  constructor(private readonly max: number) {}

  /**
   * Takes a slot, if one is free. If none is, `onSlot` is called when one is: the slot is taken then.
   * @returns whether it was taken now
   */
  acquire(onSlot: () => void): boolean {
    if (this.usedCount < this.max) {
      this.usedCount += 1;
      return true;
    }
    this.waiting.add(onSlot);
    return false;
  }

  /** Gives a slot back. It goes to the query that has waited longest. */
  release(): void {
    const [next] = this.waiting;
    if (next === undefined) {
      this.usedCount -= 1;
      return;
    }
    this.waiting.delete(next);
    next();
  }

  /** Begins none of the queries that wait: the server stops. */
  close(): void {
    this.waiting.clear();
  }

  /** Waits no more. */
  cancel(onSlot: () => void): void {
    this.waiting.delete(onSlot);
  }
}
