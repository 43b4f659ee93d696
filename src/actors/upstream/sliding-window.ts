/**
 * Grains that a window is made of. What was spent is forgotten a grain at a time, and late rather than early: so never is more
 * spent within any span than its limit, and memory stays the same however much is spent.
 */
const grains = 240;

/** What was spent in one grain of time. */
interface Grain {
  /** Counted from the clock's start. */
  readonly number: number;
  amount: number;
}

/** How much may be spent in any span of a length. */
export class SpendingWindow {
  private readonly spent: Grain[] = [];
  private total = 0;
  private readonly grainMs: number;

  /**
   * @param spanMs the length, in milliseconds
   * @param max what may be spent in any such span
   */
  constructor(
    spanMs: number,
    private readonly max: number,
  ) {
    this.grainMs = spanMs / grains;
  }

  /**
   * How long it takes until an amount may be spent, in milliseconds: 0 if it may be now, Infinity if it is more than the limit.
   * @param nowMs on a clock that never goes back, as below
   */
  waitMs(amount: number, nowMs: number): number {
    if (amount > this.max) return Infinity;
    this.forget(nowMs);
    let left = this.total;
    for (const grain of this.spent) {
      if (left + amount <= this.max) break;
      left -= grain.amount;
      if (left + amount <= this.max) return this.forgottenAtMs(grain) - nowMs;
    }
    return 0;
  }

  /** Notes an amount as spent. */
  spend(amount: number, nowMs: number): void {
    const number = Math.floor(nowMs / this.grainMs);
    const last = this.spent.at(-1);
    if (last?.number === number) last.amount += amount;
    else this.spent.push({ number, amount });
    this.total += amount;
  }

  private forget(nowMs: number): void {
    for (let first = this.spent[0]; first !== undefined && this.forgottenAtMs(first) <= nowMs; first = this.spent[0]) {
      this.spent.shift();
      // Fractions of money do not add up to nothing by themselves.
      this.total = this.spent.length === 0 ? 0 : this.total - first.amount;
    }
  }

  private forgottenAtMs({ number }: Grain): number {
    return (number + 1 + grains) * this.grainMs;
  }
}
