/**
 * A token bucket (RFC 2697 calls it so): as many actions a second as its rate, and after a pause as many at once. Whoever
 * finds no token waits for one; nothing is refused.
 */
export class TokenBucket {
  private tokens: number;

  /**
   * @param perSecond tokens that come in a second, and the most that are kept
   * @param nowMs milliseconds on a clock that never goes back, here and in the methods
   */
  constructor(
    private readonly perSecond: number,
    private filledAtMs: number,
  ) {
    this.tokens = perSecond;
  }

  /** Takes a token, if there is one. */
  take(nowMs: number): boolean {
    this.tokens = Math.min(this.perSecond, this.tokens + ((nowMs - this.filledAtMs) * this.perSecond) / 1_000);
    this.filledAtMs = nowMs;
    if (this.tokens < 1) return false;
    this.tokens -= 1;
    return true;
  }

  /** Milliseconds until the next token, after `take` found none. */
  get waitMs(): number {
    return Math.ceil(((1 - this.tokens) * 1_000) / this.perSecond);
  }
}
