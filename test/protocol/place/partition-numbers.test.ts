import { expect } from 'chai';
import fc from 'fast-check';
import { partitionCount } from '../../../src/protocol/place/digest.js';
import { PartitionNumbers } from '../../../src/protocol/place/partition-numbers.js';

describe('PartitionNumbers', () => {
  it('holds the last number of each partition, 0 at first and after it is cleared', () => {
    const partition = fc.integer({ min: 0, max: partitionCount - 1 });
    fc.assert(
      fc.property(fc.array(fc.tuple(partition, fc.integer({ min: 0, max: 2 ** 31 - 1 }))), partition, (sets, other) => {
        const numbers = new PartitionNumbers();
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
