import { expect } from 'chai';
import { LongestTurn } from '../../../src/runtime/time/longest-turn.js';

describe('LongestTurn', () => {
  it('is the longest of the last minute at least, and of the last two at most', () => {
    const turns = new LongestTurn();
    expect(turns.at(0)).to.equal(0);
    turns.note(5, 1_000);
    turns.note(3, 2_000);
    expect(turns.at(3_000)).to.equal(5);
    turns.note(1, 62_000);
    expect(turns.at(62_001)).to.equal(5);
    expect(turns.at(122_001)).to.equal(1);
    expect(turns.at(400_000)).to.equal(0);
  });
});
