import { expect } from 'chai';
import { SeededRandom } from '../../../src/simulation/time/seeded-random.js';

const draws = (random: SeededRandom, count = 5) => Array.from({ length: count }, () => random.next());

describe('SeededRandom', () => {
  it('draws the same for the same seed, and other numbers for another seed or purpose', () => {
    expect(draws(new SeededRandom('1'))).to.deep.equal(draws(new SeededRandom('1')));
    expect(draws(new SeededRandom('1'))).not.to.deep.equal(draws(new SeededRandom('2')));
    const random = new SeededRandom('1');
    expect(draws(random.stream('a'))).not.to.deep.equal(draws(random.stream('b')));
  });

  it('gives a stream that does not depend on what was drawn elsewhere', () => {
    const random = new SeededRandom('1');
    const before = draws(random.stream('network'));
    draws(random, 100);
    expect(draws(random.stream('network'))).to.deep.equal(before);
  });

  it('spreads its draws evenly from 0 up to 1', () => {
    const random = new SeededRandom('spread');
    const tenths = new Array<number>(10).fill(0);
    for (const draw of draws(random, 10_000)) tenths[Math.floor(draw * 10)]! += 1;
    for (const count of tenths) expect(count).to.be.within(850, 1_150);
  });
});
