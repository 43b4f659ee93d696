import { expect } from 'chai';
import fc from 'fast-check';
import { backoffMs, maxLinkBackoffMs, maxRestartBackoffMs } from '../../../src/actors/time/backoff.js';

const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const attempts = fc.integer({ min: 1, max: 1_000_000 });

describe('[PE17] backoffMs', () => {
  it('is an integer from 1 to 1,000, whatever the attempt and the random number', () => {
    fc.assert(
      fc.property(attempts, chance, (attempt, random) => {
        const pauseMs = backoffMs(attempt, random, maxLinkBackoffMs);
        expect(pauseMs).to.satisfy(Number.isInteger).and.be.within(1, 1_000);
      }),
    );
  });

  it('is at most 100 ms for the first attempt, doubles with each, and is at most a second', () => {
    const longest = [1, 2, 3, 4, 5, 6, 2_000].map((attempt) =>
      backoffMs(attempt, 1 - Number.EPSILON, maxLinkBackoffMs),
    );
    expect(longest).to.deep.equal([100, 200, 400, 800, 1_000, 1_000, 1_000]);
  });

  it('has full jitter: from almost 0 at any attempt, growing with the random number', () => {
    fc.assert(
      fc.property(attempts, chance, chance, (attempt, one, other) => {
        const pauseMs = (random: number) => backoffMs(attempt, random, maxLinkBackoffMs);
        expect(pauseMs(0)).to.equal(1);
        expect(pauseMs(Math.min(one, other))).to.be.at.most(pauseMs(Math.max(one, other)));
      }),
    );
    expect(backoffMs(4, 0.5, maxLinkBackoffMs)).to.equal(400);
  });

  it('is up to half a minute for a server that keeps failing', () => {
    const longest = [4, 5, 9, 10, 100].map((attempt) => backoffMs(attempt, 1 - Number.EPSILON, maxRestartBackoffMs));
    expect(longest).to.deep.equal([800, 1_600, 25_600, 30_000, 30_000]);
  });
});
