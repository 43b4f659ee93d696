import { expect } from 'chai';
import fc from 'fast-check';

import { ConflatingQueue } from '../../../src/actors/store/conflating-queue.js';
import { asClientId } from '../../../src/protocol/place/ids.js';

interface Value {
  readonly bytes: number;
}

const [kiwi, emu, moa] = ['kiwi', 'emu', 'moa'].map(asClientId) as [
  ReturnType<typeof asClientId>,
  ReturnType<typeof asClientId>,
  ReturnType<typeof asClientId>,
];

describe('ConflatingQueue', () => {
  let queue: ConflatingQueue<Value>;

  beforeEach(() => {
    queue = new ConflatingQueue(({ bytes }) => bytes);
  });

  it('holds the newest value of each client, and tells whether it replaced one', () => {
    expect(queue.offer(kiwi, { bytes: 1 })).to.equal(false);
    expect(queue.offer(emu, { bytes: 20 })).to.equal(false);
    expect(queue.offer(kiwi, { bytes: 300 })).to.equal(true);
    expect([queue.size, queue.bytes]).to.deep.equal([2, 320]);
    expect([queue.has(kiwi), queue.has(moa), queue.get(kiwi), queue.get(moa)]).to.deep.equal([
      true,
      false,
      { bytes: 300 },
      undefined,
    ]);
  });

  it('returns values in the order in which the newest of each client came', () => {
    for (const client of [kiwi, emu, moa, kiwi]) queue.offer(client, { bytes: 1 });
    expect(queue.take(2).map(([client]) => client)).to.deep.equal([emu, moa]);
    expect(queue.take(2)).to.deep.equal([[kiwi, { bytes: 1 }]]);
    expect([queue.size, queue.bytes, queue.take(2)]).to.deep.equal([0, 0, []]);
  });

  it('removes a value once, and all values at once', () => {
    queue.offer(kiwi, { bytes: 5 });
    queue.offer(emu, { bytes: 7 });
    expect([queue.remove(kiwi), queue.remove(kiwi)]).to.deep.equal([true, false]);
    expect([queue.size, queue.bytes]).to.deep.equal([1, 7]);
    queue.clear();
    expect([queue.size, queue.bytes, queue.has(emu)]).to.deep.equal([0, 0, false]);
  });

  it('counts the bytes of what it holds after any operations', () => {
    const client = fc.constantFrom(kiwi, emu, moa);
    const operation = fc.oneof(
      fc.record({ offer: client, bytes: fc.nat(100) }),
      fc.record({ remove: client }),
      fc.record({ take: fc.nat(3) }),
    );
    fc.assert(
      fc.property(fc.array(operation), (operations) => {
        const model = new Map<string, Value>();
        queue.clear();
        for (const each of operations) {
          if ('offer' in each) {
            expect(queue.offer(each.offer, { bytes: each.bytes })).to.equal(model.delete(each.offer));
            model.set(each.offer, { bytes: each.bytes });
          } else if ('remove' in each) {
            expect(queue.remove(each.remove)).to.equal(model.delete(each.remove));
          } else {
            const expected = [...model].slice(0, each.take);
            for (const [taken] of expected) model.delete(taken);
            expect(queue.take(each.take)).to.deep.equal(expected);
          }
          expect(queue.size).to.equal(model.size);
          expect(queue.bytes).to.equal([...model.values()].reduce((sum, { bytes }) => sum + bytes, 0));
        }
      }),
    );
  });
});
