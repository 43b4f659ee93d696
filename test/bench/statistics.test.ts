import { expect } from 'chai';
import { median, roundRatios, relativeSpread } from '../../bench/support/statistics.js';

describe('benchmark statistics', () => {
  it('computes the median of odd and even numbers of values', () => {
    expect(median([30, 1, 2])).to.equal(2);
    expect(median([4, 1, 30, 2])).to.equal(3);
    expect(() => median([])).to.throw('median of no values');
  });

  it('computes the range relative to the median', () => {
    expect(relativeSpread([90, 100, 120])).to.equal(0.3);
  });

  it('computes ratios per round, so that a slow round affects both systems', () => {
    expect(roundRatios([10, 1, 30], [5, 0.5, 10])).to.deep.equal([2, 2, 3]);
    expect(() => roundRatios([1, 2], [1])).to.throw('cannot compare 2 rounds with 1');
  });
});
