/** Time for which a turn counts, in milliseconds: at least this, at most twice this. */
const windowMs = 60_000;

/** Maximum duration over the last one to two minutes. */
export class LongestTurn {
  private startedAtMs = -Infinity;
  private currentMs = 0;
  private previousMs = 0;

  /** @param nowMs monotonic time in milliseconds */
  record(turnMs: number, nowMs: number): void {
    this.rotate(nowMs);
    if (turnMs > this.currentMs) this.currentMs = turnMs;
  }

  /** Longest turn in milliseconds; 0 if there was none. */
  valueAt(nowMs: number): number {
    this.rotate(nowMs);
    return Math.max(this.currentMs, this.previousMs);
  }

  private rotate(nowMs: number): void {
    const passedMs = nowMs - this.startedAtMs;
    if (passedMs < windowMs) return;
    this.previousMs = passedMs < 2 * windowMs ? this.currentMs : 0;
    this.currentMs = 0;
    this.startedAtMs = nowMs;
  }
}
