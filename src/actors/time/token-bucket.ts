/**
 * A token bucket (RFC 2697 calls it so): as many actions a second as its rate, and after a pause as many at once. Whoever
 * finds no token waits for one; nothing is refused.
 */
export class TokenBucket {
  private tokens: number;

  /**
   * @param tokensPerSecond tokens that come in a second, and the most that are kept
   * @param nowMs milliseconds on a clock that never goes back, here and in the methods
   */
  constructor(
    private readonly tokensPerSecond: number,
    private refilledAtMs: number,
  ) {
    this.tokens = tokensPerSecond;
  }

  /** Takes a token, if there is one. */
  tryTake(nowMs: number): boolean {
    this.tokens = Math.min(
      this.tokensPerSecond,
      this.tokens + ((nowMs - this.refilledAtMs) * this.tokensPerSecond) / 1_000,
    );
    this.refilledAtMs = nowMs;
    if (this.tokens < 1) return false;
    this.tokens -= 1;
    return true;
  }

  /** Milliseconds until the next token, after `tryTake` found none. */
  get waitMs(): number {
    return Math.ceil(((1 - this.tokens) * 1_000) / this.tokensPerSecond);
  }
}
