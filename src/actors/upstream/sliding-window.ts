/**
 * Grains that a window is made of. What was spent is forgotten a grain at a time, and late rather than early: so never is more
 * spent within any span than its limit, and memory stays the same however much is spent.
 */
const slotCount = 240;

/** What was spent in one grain of time. */
interface Slot {
  /** Counted from the clock's start. */
  readonly index: number;
  amount: number;
}

/** How much may be spent in any span of a length. */
export class SlidingWindow {
  private readonly slots: Slot[] = [];
  private total = 0;
  private readonly slotMs: number;

  /**
   * @param spanMs the length, in milliseconds
   * @param max what may be spent in any such span
   */
  constructor(
    spanMs: number,
    private readonly max: number,
  ) {
    this.slotMs = spanMs / slotCount;
  }

  /**
   * How long it takes until an amount may be spent, in milliseconds: 0 if it may be now, Infinity if it is more than the limit.
   * @param nowMs on a clock that never goes back, as below
   */
  waitMs(amount: number, nowMs: number): number {
    if (amount > this.max) return Infinity;
    this.expire(nowMs);
    let remaining = this.total;
    for (const slot of this.slots) {
      if (remaining + amount <= this.max) break;
      remaining -= slot.amount;
      if (remaining + amount <= this.max) return this.expiresAtMs(slot) - nowMs;
    }
    return 0;
  }

  /** Notes an amount as spent. */
  spend(amount: number, nowMs: number): void {
    const index = Math.floor(nowMs / this.slotMs);
    const last = this.slots.at(-1);
    if (last?.index === index) last.amount += amount;
    else this.slots.push({ index, amount });
    this.total += amount;
  }

  private expire(nowMs: number): void {
    for (let first = this.slots[0]; first !== undefined && this.expiresAtMs(first) <= nowMs; first = this.slots[0]) {
      this.slots.shift();
      // Fractions of money do not add up to nothing by themselves.
      this.total = this.slots.length === 0 ? 0 : this.total - first.amount;
    }
  }

  private expiresAtMs({ index }: Slot): number {
    return (index + 1 + slotCount) * this.slotMs;
  }
}
