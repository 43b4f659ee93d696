import { expect } from 'chai';
import fc from 'fast-check';
import { TokenBucket } from '../../../src/actors/time/token-bucket.js';

/** How many tokens are to be had at a moment. */
function takeAll(bucket: TokenBucket, nowMs: number): number {
  let taken = 0;
  while (bucket.tryTake(nowMs)) taken += 1;
  return taken;
}

describe('[CO7] TokenBucket', () => {
  it('has the tokens of one second at first, and no more after any pause', () => {
    const bucket = new TokenBucket(10, 1_000);
    expect(takeAll(bucket, 1_000)).to.equal(10);
    expect(takeAll(bucket, 1_000)).to.equal(0);
    expect(takeAll(bucket, 3_600_000)).to.equal(10);
  });

  it('refills over time', () => {
    const bucket = new TokenBucket(10, 0);
    takeAll(bucket, 0);
    expect(takeAll(bucket, 99)).to.equal(0);
    expect(takeAll(bucket, 100)).to.equal(1);
    expect(takeAll(bucket, 450)).to.equal(3);
    expect(takeAll(bucket, 500)).to.equal(1);
  });

  it('returns the time until the next token', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), fc.array(fc.nat(3_000)), (perSecond, pauses) => {
        const bucket = new TokenBucket(perSecond, 0);
        let nowMs = 0;
        for (let take = 0; take < Math.min(perSecond, 2_000); take += 1) bucket.tryTake(nowMs);
        for (const pauseMs of pauses) {
          nowMs += pauseMs;
          if (bucket.tryTake(nowMs)) continue;
          expect(bucket.waitMs).to.be.within(1, Math.ceil(1_000 / perSecond));
          nowMs += bucket.waitMs;
          if (bucket.tryTake(nowMs)) continue;
          // A sum of fractions may fall short by a hair: then it is a millisecond more.
          nowMs += bucket.waitMs;
          expect(bucket.tryTake(nowMs)).to.equal(true);
        }
      }),
    );
  });

  it('never exceeds its rate by more than the tokens of one second', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.array(fc.nat(2_000), { maxLength: 30 }), (perSecond, pauses) => {
        const bucket = new TokenBucket(perSecond, 0);
        let nowMs = 0;
        let taken = takeAll(bucket, 0);
        for (const pauseMs of pauses) {
          nowMs += pauseMs;
          taken += takeAll(bucket, nowMs);
          expect(taken).to.be.at.most(perSecond + (nowMs * perSecond) / 1_000 + 1e-6);
        }
      }),
    );
  });
});
