import { expect } from 'chai';
import { delayBetween } from '../../../../src/cli/commands/status/propagation-delay.js';

const boundsSeconds = [0.1, 1];

describe('delayBetween', () => {
  it('is computed from what came between two samples, as the bound of its histogram bucket', () => {
    const before = { boundsSeconds, counts: [0, 50, 7] };
    expect(delayBetween(before, { boundsSeconds, counts: [98, 52, 7] })).to.deep.equal({ p50: 0.1, p99: 1 });
    expect(delayBetween(before, { boundsSeconds, counts: [1, 50, 9] })).to.deep.equal({ p50: Infinity, p99: Infinity });
  });

  it('is of nothing where nothing came', () => {
    const spread = { boundsSeconds, counts: [3, 2, 1] };
    expect(delayBetween(spread, spread)).to.equal(undefined);
  });
});
