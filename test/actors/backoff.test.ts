import { expect } from 'chai';
import fc from 'fast-check';
import { backoffMs } from '../../src/actors/backoff.js';

const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const attempts = fc.integer({ min: 1, max: 1_000_000 });

describe('[PE17] backoffMs', () => {
  it('is a whole number of milliseconds from 1 to 5,000, whatever the attempt and the chance', () => {
    fc.assert(
      fc.property(attempts, chance, (attempt, random) => {
        const pauseMs = backoffMs(attempt, random);
        expect(pauseMs).to.satisfy(Number.isInteger).and.be.within(1, 5_000);
      }),
    );
  });

  it('is at most 100 ms for the first, twice as much for each next, and never more than 5 s', () => {
    const longest = [1, 2, 3, 4, 5, 6, 7, 8, 2_000].map((attempt) => backoffMs(attempt, 1 - Number.EPSILON));
    expect(longest).to.deep.equal([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000]);
  });

  it('has full jitter: it may be next to nothing at any attempt, and grows with the chance', () => {
    fc.assert(
      fc.property(attempts, chance, chance, (attempt, one, other) => {
        expect(backoffMs(attempt, 0)).to.equal(1);
        expect(backoffMs(attempt, Math.min(one, other))).to.be.at.most(backoffMs(attempt, Math.max(one, other)));
      }),
    );
    expect(backoffMs(4, 0.5)).to.equal(400);
  });
});
