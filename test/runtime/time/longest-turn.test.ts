import { expect } from 'chai';
import { LongestTurn } from '../../../src/runtime/time/longest-turn.js';

describe('LongestTurn', () => {
  it('is the maximum over the last one to two minutes', () => {
    const turns = new LongestTurn();
    expect(turns.valueAt(0)).to.equal(0);
    turns.record(5, 1_000);
    turns.record(3, 2_000);
    expect(turns.valueAt(3_000)).to.equal(5);
    turns.record(1, 62_000);
    expect(turns.valueAt(62_001)).to.equal(5);
    expect(turns.valueAt(122_001)).to.equal(1);
    expect(turns.valueAt(400_000)).to.equal(0);
  });
});
