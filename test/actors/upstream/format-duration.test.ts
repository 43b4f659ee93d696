import { expect } from 'chai';
import { formatDuration } from '../../../src/actors/upstream/format-duration.js';

describe('formatDuration', () => {
  for (const [ms, words] of [
    [0, '1 s'],
    [1_001, '2 s'],
    [120_000, '120 s'],
    [120_001, '3 min'],
    [7_200_000, '120 min'],
    [7_200_001, '3 h'],
    [86_467_000, '25 h'],
  ] as const) {
    it(`formats ${ms} ms as ${words}`, () => expect(formatDuration(ms)).to.equal(words));
  }
});
