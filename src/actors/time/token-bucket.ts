/**
 * Token bucket (RFC 2697): allows as many actions per second as its rate, and after a pause a burst of as many.
 */
export class TokenBucket {
  private tokens: number;

  /**
   * @param tokensPerSecond the rate, and the maximum number of tokens
   * @param refilledAtMs the present time in milliseconds on a monotonic clock
   */
  constructor(
    private readonly tokensPerSecond: number,
    private refilledAtMs: number,
  ) {
    this.tokens = tokensPerSecond;
  }

  /** Takes a token; returns whether there was one. */
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

  /** Milliseconds until the next token, after `tryTake` returned false. */
  get waitMs(): number {
    return Math.ceil(((1 - this.tokens) * 1_000) / this.tokensPerSecond);
  }
}
