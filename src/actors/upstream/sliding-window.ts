/**
 * Number of slots in the window. Slots expire whole, and late rather than early, so the limit is never exceeded in any span, and memory
 * is constant.
 */
const slotCount = 240;

/** The amount spent in one slot of time. */
interface Slot {
  /** Counted from the clock's origin. */
  readonly index: number;
  amount: number;
}

/** Sliding-window limiter: limits the amount spent in any span of a given length. */
export class SlidingWindow {
  private readonly slots: Slot[] = [];
  private total = 0;
  private readonly slotMs: number;

  /**
   * @param spanMs length of the span in milliseconds
   * @param max maximum amount in any such span
   */
  constructor(
    spanMs: number,
    private readonly max: number,
  ) {
    this.slotMs = spanMs / slotCount;
  }

  /**
   * Returns the milliseconds until an amount may be spent: 0 if at once, Infinity if it exceeds the limit.
   * @param nowMs the present time on a monotonic clock
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

  /** Records a spent amount. */
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
      // Avoids a remainder of floating-point rounding.
      this.total = this.slots.length === 0 ? 0 : this.total - first.amount;
    }
  }

  private expiresAtMs({ index }: Slot): number {
    return (index + 1 + slotCount) * this.slotMs;
  }
}
