import { expect } from 'chai';
import fc from 'fast-check';
import { leafCount } from '../../../src/protocol/place/digest.js';
import { LeafNumbers } from '../../../src/protocol/place/leaf-numbers.js';

describe('LeafNumbers', () => {
  it('holds the last number of each leaf, 0 at first and after it is cleared', () => {
    const leaf = fc.integer({ min: 0, max: leafCount - 1 });
    fc.assert(
      fc.property(fc.array(fc.tuple(leaf, fc.integer({ min: 0, max: 2 ** 31 - 1 }))), leaf, (sets, other) => {
        const numbers = new LeafNumbers();
        const expected = new Map<number, number>();
        for (const [at, value] of sets) {
          numbers.set(at, value);
          expected.set(at, value);
        }
        for (const at of [...expected.keys(), other]) expect(numbers.get(at)).to.equal(expected.get(at) ?? 0);
        numbers.clear();
        for (const at of [...expected.keys(), other]) expect(numbers.get(at)).to.equal(0);
      }),
    );
  });
});
