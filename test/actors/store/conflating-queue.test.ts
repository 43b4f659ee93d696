import { expect } from 'chai';
import fc from 'fast-check';

import { ConflatingQueue } from '../../../src/actors/store/conflating-queue.js';
import { asClientId, type ClientId } from '../../../src/protocol/place/ids.js';

interface Value {
  readonly client: ClientId;
  readonly bytes: number;
}

const [kiwi, emu, moa] = ['kiwi', 'emu', 'moa'].map(asClientId) as [ClientId, ClientId, ClientId];

describe('ConflatingQueue', () => {
  let queue: ConflatingQueue<Value>;

  beforeEach(() => {
    queue = new ConflatingQueue({ placeOfReplacement: 'last', bytesOf: ({ bytes }) => bytes });
  });

  /** Removes up to `max` values. */
  function take(max: number): Value[] {
    const taken: Value[] = [];
    for (const value of queue.drain(() => taken.length < max)) taken.push(value);
    return taken;
  }

  it('holds the newest value of each client, and tells whether it replaced one', () => {
    expect(queue.offer({ client: kiwi, bytes: 1 })).to.equal('added');
    expect(queue.offer({ client: emu, bytes: 20 })).to.equal('added');
    expect(queue.offer({ client: kiwi, bytes: 300 })).to.equal('replaced');
    expect([queue.size, queue.bytes]).to.deep.equal([2, 320]);
    expect([queue.has(kiwi), queue.has(moa), queue.get(kiwi), queue.get(moa)]).to.deep.equal([
      true,
      false,
      { client: kiwi, bytes: 300 },
      undefined,
    ]);
  });

  it('returns values in the order of the first value of each client, if replacements keep the place', () => {
    queue = new ConflatingQueue({ placeOfReplacement: 'same', bytesOf: ({ bytes }) => bytes });
    for (const [bytes, client] of [kiwi, emu, kiwi].entries()) queue.offer({ client, bytes });
    expect(queue.bytes).to.equal(3);
    expect(take(3)).to.deep.equal([
      { client: kiwi, bytes: 2 },
      { client: emu, bytes: 1 },
    ]);
  });

  it('returns values in the order in which the newest of each client came', () => {
    for (const client of [kiwi, emu, moa, kiwi]) queue.offer({ client, bytes: 1 });
    expect(take(2).map(({ client }) => client)).to.deep.equal([emu, moa]);
    expect(take(2)).to.deep.equal([{ client: kiwi, bytes: 1 }]);
    expect([queue.size, queue.bytes, take(2)]).to.deep.equal([0, 0, []]);
  });

  it('returns values that are added while it is drained', () => {
    queue.offer({ client: kiwi, bytes: 1 });
    const order: ClientId[] = [];
    for (const { client } of queue.drain(() => order.length < 4)) {
      order.push(client);
      queue.offer({ client: client === kiwi ? emu : kiwi, bytes: 1 });
    }
    expect(order).to.deep.equal([kiwi, emu, kiwi, emu]);
    expect(queue.size).to.equal(1);
  });

  it('removes a value once, and all values at once', () => {
    queue.offer({ client: kiwi, bytes: 5 });
    queue.offer({ client: emu, bytes: 7 });
    expect([queue.remove(kiwi), queue.remove(kiwi)]).to.deep.equal([true, false]);
    expect([queue.size, queue.bytes]).to.deep.equal([1, 7]);
    queue.clear();
    expect([queue.size, queue.bytes, queue.has(emu)]).to.deep.equal([0, 0, false]);
  });

  for (const [limit, limits] of [
    ['clients', { maxClients: 2 }],
    ['bytes', { maxBytes: 20, bytesOf: ({ bytes }: Value) => bytes }],
  ] as const) {
    it(`drops everything, the new value included, beyond its limit of ${limit}`, () => {
      queue = new ConflatingQueue({ placeOfReplacement: 'last', ...limits });
      for (const client of [kiwi, emu]) expect(queue.offer({ client, bytes: 10 })).to.equal('added');
      expect(queue.offer({ client: kiwi, bytes: 10 })).to.equal('replaced');
      expect(queue.offer({ client: moa, bytes: 10 })).to.equal('overflow');
      expect([queue.size, queue.bytes, take(3)]).to.deep.equal([0, 0, []]);
      expect(queue.offer({ client: moa, bytes: 10 })).to.equal('added');
    });
  }

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
            const value = { client: each.offer, bytes: each.bytes };
            expect(queue.offer(value)).to.equal(model.delete(each.offer) ? 'replaced' : 'added');
            model.set(each.offer, value);
          } else if ('remove' in each) {
            expect(queue.remove(each.remove)).to.equal(model.delete(each.remove));
          } else {
            const expected = [...model.values()].slice(0, each.take);
            for (const { client: taken } of expected) model.delete(taken);
            expect(take(each.take)).to.deep.equal(expected);
          }
          expect(queue.size).to.equal(model.size);
          expect(queue.bytes).to.equal([...model.values()].reduce((sum, { bytes }) => sum + bytes, 0));
        }
      }),
    );
  });
});
