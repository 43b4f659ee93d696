import { expect } from 'chai';
import { lagBetween } from '../../../../src/cli/commands/status/lag.js';

const boundsSeconds = [0.1, 1];

describe('lagBetween', () => {
  it('is of what came between two looks, as the bound of its bucket', () => {
    const before = { boundsSeconds, counts: [0, 50, 7] };
    expect(lagBetween(before, { boundsSeconds, counts: [98, 52, 7] })).to.deep.equal({ p50: 0.1, p99: 1 });
    expect(lagBetween(before, { boundsSeconds, counts: [1, 50, 9] })).to.deep.equal({ p50: Infinity, p99: Infinity });
  });

  it('is of nothing where nothing came', () => {
    const spread = { boundsSeconds, counts: [3, 2, 1] };
    expect(lagBetween(spread, spread)).to.equal(undefined);
  });
});
