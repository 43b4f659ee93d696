import { expect } from 'chai';
import { median, ratio, spread } from '../../bench/support/statistics.js';

describe('the statistics of the bench', () => {
  it('takes the value in the middle, or between the two there', () => {
    expect(median([30, 1, 2])).to.equal(2);
    expect(median([4, 1, 30, 2])).to.equal(3);
    expect(() => median([])).to.throw('no median');
  });

  it('says how far rounds are apart', () => {
    expect(spread([90, 100, 120])).to.equal(0.3);
  });

  it('compares round by round, so that a slow round slows both', () => {
    expect(ratio([10, 1, 20], [5, 0.5, 10])).to.equal(2);
    expect(() => ratio([1, 2], [1])).to.throw('as many of both');
  });
});
