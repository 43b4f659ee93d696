/** Length of the sliding window in milliseconds. */
const windowMs = 2_000;

/** Rate of a counter per second over the last two seconds. */
export class Rate {
  private readonly samples: { atMs: number; count: number }[] = [];

  /** Records the present value; returns the rate per second. */
  update(count: number, nowMs: number): number {
    this.samples.push({ atMs: nowMs, count });
    while (this.samples.length > 2 && nowMs - (this.samples[1]?.atMs ?? nowMs) > windowMs) this.samples.shift();
    const first = this.samples[0];
    if (first === undefined || nowMs - first.atMs < 200) return 0;
    return ((count - first.count) * 1_000) / (nowMs - first.atMs);
  }
}
