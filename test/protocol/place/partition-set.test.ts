import { expect } from 'chai';
import fc from 'fast-check';
import { PartitionSet } from '../../../src/protocol/place/partition-set.js';

describe('PartitionSet', () => {
  it('has what was added and not removed, also when decoded', () => {
    const partition = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(fc.array(fc.tuple(partition, fc.boolean())), (changes) => {
        const expected = new Set<number>();
        const set = new PartitionSet();
        for (const [number, isIncluded] of changes) {
          expect(set.set(number, isIncluded)).to.equal(expected.has(number) !== isIncluded);
          if (isIncluded) expected.add(number);
          else expected.delete(number);
        }
        const decoded = PartitionSet.decode(set.encode());
        for (const each of [set, decoded]) {
          expect(each?.size).to.equal(expected.size);
          for (let number = 0; number < 256; number += 1) expect(each?.has(number)).to.equal(expected.has(number));
        }
        set.clear();
        expect([set.size, set.encode()]).to.deep.equal([0, new PartitionSet().encode()]);
      }),
    );
  });

  it('decodes nothing of another length or form', () => {
    const text = new PartitionSet().encode();
    for (const invalid of ['', 'AA', text.slice(1), `${text}A`, `${text}=`, `${text.slice(1)}!`, `${text.slice(1)}B`]) {
      expect(PartitionSet.decode(invalid), invalid).to.equal(undefined);
    }
  });
});
