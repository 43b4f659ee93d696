/** How long the past is that counts, in milliseconds. */
const windowMs = 2_000;

/** How fast a counter grows: its changes of the last two seconds, a second. */
export class Rate {
  private readonly samples: { atMs: number; count: number }[] = [];

  /** Takes the counter as it is now, and tells how much a second it has grown. */
  update(count: number, nowMs: number): number {
    this.samples.push({ atMs: nowMs, count });
    while (this.samples.length > 2 && nowMs - (this.samples[1]?.atMs ?? nowMs) > windowMs) this.samples.shift();
    const first = this.samples[0];
    if (first === undefined || nowMs - first.atMs < 200) return 0;
    return ((count - first.count) * 1_000) / (nowMs - first.atMs);
  }
}
