import { expect } from 'chai';
import fc from 'fast-check';
import { HashTrie, maxLeafEntries } from '../../../../src/actors/replication/nats/hash-trie.js';
import { drawHashKey, hashCount } from '../../../../src/actors/store/hash-key.js';
import { asClientId, type ClientId } from '../../../../src/protocol/place/ids.js';
import { SeededRandom } from '../../../../src/simulation/time/seeded-random.js';
import { collidingId } from '../../../support/colliding-ids.js';
import { fixedRandom } from '../../../support/fixed-random.js';

/** A client of a number: those below 300 have the same unkeyed hash. */
function clientOf(number: number): ClientId {
  return number < 300 ? collidingId(number) : asClientId(`phone${number}`);
}

interface Page {
  readonly values: number[];
  readonly next: number | undefined;
}

function page(trie: HashTrie<number>, from: number, max: number): Page {
  const values: number[] = [];
  return { next: trie.collect(from, max, values), values };
}

describe('HashTrie', () => {
  it('behaves like a map, also if most clients have the same unkeyed hash', () => {
    const steps = fc.array(fc.record({ number: fc.nat(400), isRemoved: fc.boolean() }), { maxLength: 1_000 });
    fc.assert(
      fc.property(steps, fc.nat(), (all, seed) => {
        const trie = new HashTrie<number>(drawHashKey(new SeededRandom(String(seed), 'key')));
        const held = new Map<ClientId, number>();
        for (const [value, { number, isRemoved }] of all.entries()) {
          const client = clientOf(number);
          if (isRemoved) expect(trie.delete(client)).to.equal(held.delete(client));
          else {
            trie.set(client, value);
            held.set(client, value);
          }
        }
        for (const [client, value] of held) expect(trie.get(client)).to.equal(value);
        expect(page(trie, 0, Infinity).values).to.have.members([...held.values()]);
      }),
      { numRuns: 50 },
    );
  });

  it('lists each client that stays exactly once, page by page, while others are added and removed', () => {
    const change = fc.record({ number: fc.nat(400), isRemoved: fc.boolean() });
    const plan = fc.record({
      seed: fc.nat(),
      max: fc.integer({ min: 1, max: 50 }),
      staying: fc.integer({ min: 1, max: 400 }),
      changes: fc.array(fc.array(change, { maxLength: 150 }), { maxLength: 60 }),
    });
    fc.assert(
      fc.property(plan, ({ seed, max, staying, changes }) => {
        const trie = new HashTrie<number>(drawHashKey(new SeededRandom(String(seed), 'key')));
        const put = (number: number) => trie.set(clientOf(number), number);
        for (let number = 0; number <= 400; number += 1) put(number);
        const met: number[] = [];
        const rest = changes.values();
        for (let from: number | undefined = 0; from !== undefined;) {
          const { values, next }: Page = page(trie, from, max);
          expect(values.length).to.be.at.most(max + maxLeafEntries);
          met.push(...values);
          from = next;
          expect(next === undefined || Number.isSafeInteger(next)).to.equal(true);
          for (const { number, isRemoved } of rest.next().value ?? []) {
            if (number % 400 < staying) continue;
            if (isRemoved) trie.delete(clientOf(number));
            else put(number);
          }
        }
        const stayed = met.filter((number) => number % 400 < staying).sort((one, other) => one - other);
        expect(stayed).to.deep.equal([...new Set(stayed)]);
        expect(new Set(stayed).size).to.equal(staying + (staying > 0 ? 1 : 0));
      }),
      { numRuns: 100 },
    );
  });

  it('lists 150,000 clients with the same unkeyed hash in pages of usual size', () => {
    const trie = new HashTrie<number>(drawHashKey(fixedRandom));
    for (let index = 0; index < 150_000; index += 1) trie.set(collidingId(index), index);
    const { values, next } = page(trie, 0, 1);
    expect(values.length).to.be.within(1, 1 + maxLeafEntries);
    expect(next).to.be.within(1, hashCount - 1);
    let pages = 0;
    const met = new Set<number>();
    for (let from: number | undefined = 0; from !== undefined; pages += 1) {
      const { values, next }: Page = page(trie, from, 1_000);
      for (const value of values) met.add(value);
      from = next;
    }
    expect(met.size).to.equal(150_000);
    expect(pages).to.be.within(140, 151);
  }).timeout(60_000);

  it('lists nothing when it has been emptied', () => {
    const trie = new HashTrie<number>(drawHashKey(fixedRandom));
    for (let index = 0; index < 1_000; index += 1) trie.set(collidingId(index), index);
    for (let index = 0; index < 1_000; index += 1) trie.delete(collidingId(index));
    expect(page(trie, 0, 1)).to.deep.equal({ values: [], next: undefined });
    expect(page(trie, hashCount - 1, 1).next).to.equal(undefined);
  });
});
