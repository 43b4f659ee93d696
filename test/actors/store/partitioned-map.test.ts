import { expect } from 'chai';
import fc from 'fast-check';
import { PartitionedMap, cursorOf } from '../../../src/actors/store/partitioned-map.js';
import { maxLeafEntries } from '../../../src/actors/store/hash-trie.js';
import { partitionCount, partitionOf } from '../../../src/protocol/place/digest.js';
import { asClientId, type ClientId } from '../../../src/protocol/place/ids.js';
import { SeededRandom } from '../../../src/simulation/time/seeded-random.js';
import { collidingId } from '../../support/colliding-ids.js';
import { fixedRandom } from '../../support/fixed-random.js';

const crowded = partitionOf(collidingId(0));

/** A client of a number: those below 300 are of one bucket, the others of any. */
function clientOf(number: number): ClientId {
  return number < 300 ? collidingId(number) : asClientId(`phone${number}`);
}

describe('PartitionedMap', () => {
  it('behaves like a map, also if most clients are in one partition', () => {
    const steps = fc.array(fc.record({ number: fc.nat(400), isRemoved: fc.boolean() }), { maxLength: 1_000 });
    fc.assert(
      fc.property(steps, fc.nat(), (all, seed) => {
        const buckets = new PartitionedMap<number>(new SeededRandom(String(seed), 'key'));
        const held = new Map<ClientId, number>();
        for (const [value, { number, isRemoved }] of all.entries()) {
          const client = clientOf(number);
          if (isRemoved) expect(buckets.delete(partitionOf(client), client)).to.equal(held.delete(client));
          else {
            buckets.set(partitionOf(client), client, value);
            held.set(client, value);
          }
        }
        for (const [client, value] of held) expect(buckets.get(client)).to.equal(value);
        expect(buckets.page(0, Infinity).values).to.have.members([...held.values()]);
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
        const buckets = new PartitionedMap<number>(new SeededRandom(String(seed), 'key'));
        const put = (number: number) => buckets.set(partitionOf(clientOf(number)), clientOf(number), number);
        for (let number = 0; number <= 400; number += 1) put(number);
        const met: number[] = [];
        const rest = changes.values();
        for (let from: number | undefined = 0; from !== undefined;) {
          const { values, next }: ReturnType<typeof buckets.page> = buckets.page(from, max);
          expect(values.length).to.be.at.most(max + maxLeafEntries);
          met.push(...values);
          from = next;
          expect(next === undefined || Number.isSafeInteger(next)).to.equal(true);
          for (const { number, isRemoved } of rest.next().value ?? []) {
            if (number % 400 < staying) continue;
            if (isRemoved) buckets.delete(partitionOf(clientOf(number)), clientOf(number));
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

  it('ends a page within a partition that holds 150,000, and continues there', () => {
    const buckets = new PartitionedMap<number>(fixedRandom);
    for (let index = 0; index < 150_000; index += 1) buckets.set(crowded, collidingId(index), index);
    const { values, next } = buckets.page(0, 1);
    expect(values.length).to.be.within(1, 1 + maxLeafEntries);
    expect(next).to.be.within(cursorOf(crowded) + 1, cursorOf(crowded + 1) - 1);
    let pages = 0;
    const met = new Set<number>();
    for (let from: number | undefined = 0; from !== undefined; pages += 1) {
      const page: ReturnType<typeof buckets.page> = buckets.page(from, 1_000);
      for (const value of page.values) met.add(value);
      from = page.next;
    }
    expect(met.size).to.equal(150_000);
    expect(pages).to.be.within(140, 151);
  }).timeout(60_000);

  it('lists emptied partitions without additional pages', () => {
    const buckets = new PartitionedMap<number>(fixedRandom);
    for (let index = 0; index < 1_000; index += 1) buckets.set(crowded, collidingId(index), index);
    for (let index = 0; index < 1_000; index += 1) buckets.delete(crowded, collidingId(index));
    expect(buckets.page(0, 1)).to.deep.equal({ values: [], next: undefined });
    expect(buckets.page(cursorOf(partitionCount - 1), 1).next).to.equal(undefined);
  });
});
