/** How long a turn counts, in milliseconds: this long at least, and up to twice as long. */
const windowMs = 60_000;

/** The longest of the last one to two minutes. */
export class LongestTurn {
  private startedAtMs = -Infinity;
  private presentMs = 0;
  private earlierMs = 0;

  /** @param nowMs a moment on a clock that never goes back */
  note(turnMs: number, nowMs: number): void {
    this.turnOver(nowMs);
    if (turnMs > this.presentMs) this.presentMs = turnMs;
  }

  /** In milliseconds; 0 if there was none. */
  at(nowMs: number): number {
    this.turnOver(nowMs);
    return Math.max(this.presentMs, this.earlierMs);
  }

  private turnOver(nowMs: number): void {
    const passedMs = nowMs - this.startedAtMs;
    if (passedMs < windowMs) return;
    this.earlierMs = passedMs < 2 * windowMs ? this.presentMs : 0;
    this.presentMs = 0;
    this.startedAtMs = nowMs;
  }
}
