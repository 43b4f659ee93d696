import { expect } from 'chai';
import { delayBetween } from '../../../../src/cli/commands/status/propagation-delay.js';

const boundsSeconds = [0.1, 1];

describe('delayBetween', () => {
  it('returns the bound of the histogram bucket for what arrived between two samples', () => {
    const before = { boundsSeconds, counts: [0, 50, 7] };
    expect(delayBetween(before, { boundsSeconds, counts: [98, 52, 7] })).to.deep.equal({ p50: 0.1, p99: 1 });
    expect(delayBetween(before, { boundsSeconds, counts: [1, 50, 9] })).to.deep.equal({ p50: Infinity, p99: Infinity });
  });

  it('is undefined if nothing arrived', () => {
    const spread = { boundsSeconds, counts: [3, 2, 1] };
    expect(delayBetween(spread, spread)).to.equal(undefined);
  });
});
