/** Time for which a client counts as active, in milliseconds: at least this, at most twice this. */
const windowMs = 10;

/** A client that is counted. */
export interface ActivityMark {
  /** The last window in which it was active. */
  activeWindow: number;
}

/** Counts the clients that have sent something in the last few milliseconds. */
export class ActiveClients {
  private window = 0;
  private startedAtMs = -Infinity;
  private current = 0;
  private previous = 0;

  /** Records that a client has sent something. @param nowMs monotonic time in milliseconds */
  record(client: ActivityMark, nowMs: number): void {
    this.rotate(nowMs);
    if (client.activeWindow === this.window) return;
    client.activeWindow = this.window;
    this.current += 1;
  }

  /** The number of active clients. */
  countAt(nowMs: number): number {
    this.rotate(nowMs);
    return Math.max(this.current, this.previous);
  }

  private rotate(nowMs: number): void {
    const passedMs = nowMs - this.startedAtMs;
    if (passedMs < windowMs) return;
    this.previous = passedMs < 2 * windowMs ? this.current : 0;
    this.current = 0;
    this.window += 1;
    this.startedAtMs = nowMs;
  }
}
