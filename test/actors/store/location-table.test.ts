import { expect } from 'chai';
import fc from 'fast-check';
import { noCell } from '../../../src/actors/store/cell-allocator.js';
import { maxTableBytes, storedLocationBytes } from '../../../src/actors/store/location-bytes.js';
import { LocationTable } from '../../../src/actors/store/location-table.js';
import type { LeafCursor } from '../../../src/actors/store/leaf-lists.js';
import { drawHashKey, hashCount } from '../../../src/actors/store/hash-key.js';
import { leafCount, leafOf, Digest } from '../../../src/protocol/place/digest.js';
import { asClientId, type ClientId } from '../../../src/protocol/place/ids.js';
import { LocationBatch } from '../../../src/protocol/place/location-batch.js';
import type { Location } from '../../../src/protocol/place/location.js';
import { keyedHash } from '../../../src/protocol/text/keyed-hash.js';
import { encodeToScratch } from '../../../src/protocol/text/latin1.js';
import { SeededRandom } from '../../../src/simulation/time/seeded-random.js';
import { clientIds, competingLocations, locationFromFields } from '../../support/arbitraries.js';
import { createLocation } from '../../support/fake-location.js';
import { collidingId } from '../../support/colliding-ids.js';
import { fixedRandom } from '../../support/fixed-random.js';
import { findCell, locationsInLeaf, putNewer, TableModel } from '../../support/table-model.js';

/** Operations of the long test. More can be set for a nightly run. */
const operationCount = Number(process.env['HERD_TABLE_OPERATIONS'] ?? 20_000);

/** Clients whose IDs have the same keyed hash in a table with `fixedRandom`, in pairs. */
function idsWithEqualKeyedHash(): ClientId[] {
  const key = drawHashKey(fixedRandom);
  const first = new Map<number, ClientId>();
  const ids: ClientId[] = [];
  for (let index = 0; ids.length < 8; index += 1) {
    const client = asClientId(`pair${index}`);
    const hash = keyedHash(encodeToScratch(client).view, 0, client.length, key);
    const other = first.get(hash);
    if (other !== undefined) ids.push(other, client);
    first.set(hash, client);
  }
  return ids;
}

/** Returns the least user time of some runs in microseconds. */
function leastTimeOf(rounds: number, run: (round: number) => void): number {
  let least = Infinity;
  for (let round = 0; round < rounds; round += 1) {
    const start = process.cpuUsage();
    run(round);
    least = Math.min(least, process.cpuUsage(start).user);
  }
  return least;
}

describe('LocationTable', () => {
  it('stores one location per client, and counts clients', () => {
    const table = new LocationTable(fixedRandom);
    expect(table.get(asClientId('kiwi'))).to.equal(undefined);
    const [first, second] = [createLocation('kiwi', 1), createLocation('kiwi', 2)];
    putNewer(table, first);
    putNewer(table, createLocation('emu', 1));
    putNewer(table, second);
    expect(table.size).to.equal(2);
    expect(table.get(asClientId('kiwi'))?.line).to.equal(second.line);
    table.remove(findCell(table, second));
    expect(findCell(table, second)).to.equal(noCell);
    expect(table.size).to.equal(1);
    expect(table.get(asClientId('kiwi'))).to.equal(undefined);
    expect(table.get(asClientId('emu'))?.time).to.equal('1');
  });

  it('distinguishes clients whose IDs begin or end alike', () => {
    const model = new TableModel(fixedRandom);
    for (const client of ['a', 'aa', 'aaa', 'aaaa', 'aaaaa', 'b', 'ab', 'ba']) model.put(createLocation(client, 1));
    model.check();
  });

  it('[LO1] [PE22] holds what a map with the order of locations holds, for any sequence of updates', () => {
    const some = fc.oneof(clientIds, fc.constantFrom('kiwi', 'emu', 'moa').map(asClientId));
    const step = fc.oneof(
      competingLocations.map((location) => ({ location, isRemoved: false })),
      fc.record({
        location: fc
          .tuple(some, fc.nat(9), fc.nat(40))
          .map(([client, seconds, digits]) =>
            locationFromFields({ client, time: `${seconds}.${'0'.repeat(digits + 1)}` }),
          ),
        isRemoved: fc.boolean(),
      }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const model = new TableModel(fixedRandom);
        for (const { location, isRemoved } of steps) {
          if (isRemoved) model.remove(location.client);
          else model.put(location);
        }
        model.check();
      }),
      { numRuns: 40 },
    );
  });

  const seeds = ['1', '2'];
  for (const seed of seeds) {
    it(`[LO1] [PE22] holds what a map holds after ${operationCount / seeds.length} updates (seed ${seed})`, () => {
      const random = new SeededRandom(seed, 'location-table');
      const below = (limit: number) => Math.floor(random.next() * limit);
      const model = new TableModel(fixedRandom);
      const { table, held } = model;
      const pairs = idsWithEqualKeyedHash();
      const chooseClient = (): ClientId => {
        const choice = below(100);
        if (choice < 3) return pairs[below(pairs.length)] ?? expect.fail();
        if (choice < 25) return collidingId(below(300));
        // Lines that have a cell of another class, one in a slab, and one with memory of its own.
        if (choice < 27) return asClientId(`${below(9)}`.padEnd([300, 4_000, 40_000][below(3)] ?? 0, '.'));
        return asClientId(`phone${below(6_000)}`);
      };
      const chooseLocation = (client: ClientId) =>
        locationFromFields({
          client,
          time: `${below(4)}${['', '.0', '.5', `.5${'0'.repeat(60)}`][below(4)] ?? ''}`,
          server: ['Blake', 'Bryant', 'Gasol'][below(3)] ?? '',
          position: below(2) === 0 ? '+1+1' : `-1.${'5'.repeat(30)}-1`,
          skew: ['+0.000000001', '-61.000000000', '-61.500000000'][below(3)] ?? '',
        });
      // Iterations that go on between updates: what they visited, and what was there all the time.
      let pageCursor = 0;
      let listed: ClientId[] = [];
      let staying = new Set<ClientId>();
      const crowded = leafOf(collidingId(0));
      let cursor: LeafCursor = table.openLeaf(crowded);
      let visited: ClientId[] = [];
      let inLeaf = new Set<ClientId>();
      const expectOnce = (clients: readonly ClientId[], expected: ReadonlySet<ClientId>) => {
        expect(new Set(clients).size, 'no client twice').to.equal(clients.length);
        for (const client of expected) expect(clients.includes(client), client).to.equal(true);
      };

      for (let operation = 0; operation < operationCount / seeds.length; operation += 1) {
        let client = chooseClient();
        // There are times when most updates are removals, so that slabs are emptied.
        if (random.next() < (operation % 5_000 < 3_000 ? 0.1 : 0.95)) {
          for (let attempts = 0; attempts < 20 && !held.has(client); attempts += 1) client = chooseClient();
          model.remove(client);
          staying.delete(client);
          inLeaf.delete(client);
        } else model.put(chooseLocation(client));

        if (operation % 7 === 0) {
          const { locations, next } = table.page(pageCursor, 1 + below(50));
          // A client that was removed and added again may be listed twice.
          listed.push(...locations.map((location) => location.client).filter((each) => staying.has(each)));
          if (next === undefined) {
            expectOnce(
              listed.filter((each) => staying.has(each)),
              staying,
            );
            listed = [];
            staying = new Set(held.keys());
          }
          pageCursor = next ?? 0;
        }
        if (operation % 5 === 0) {
          for (let steps = below(4); steps > 0 && cursor.next !== noCell; steps -= 1) {
            visited.push(table.location(table.advance(cursor)).client);
          }
          if (cursor.next === noCell) {
            expectOnce(
              visited.filter((each) => inLeaf.has(each)),
              inLeaf,
            );
            table.closeLeaf(cursor);
            cursor = table.openLeaf(crowded);
            visited = [];
            inLeaf = new Set([...held.keys()].filter((each) => leafOf(each) === crowded));
          }
        }
        if (operation % 2_500 === 0) model.check();
      }
      model.check();
      for (const client of [...held.keys()]) model.remove(client);
      model.check();
    }).timeout(Math.max(60_000, operationCount));
  }

  it('keeps clients whose IDs have the same keyed hash apart', () => {
    const model = new TableModel(fixedRandom);
    const pairs = idsWithEqualKeyedHash();
    for (const client of pairs) model.put(createLocation(client, 1));
    model.check();
    for (const [index, client] of pairs.entries()) {
      if (index % 2 === 0) model.remove(client);
      else model.put(createLocation(client, 2));
    }
    model.check();
  });

  it('stores lines of any length that a peer may send', () => {
    const model = new TableModel(fixedRandom);
    for (const idBytes of [65_536, 1_048_000, 1, 4_096]) {
      for (const seconds of [1, 2]) model.put(createLocation('x'.padEnd(idBytes, '.'), seconds));
    }
    model.check();
    // The start of an ID that is as far behind in its line as possible.
    model.put(locationFromFields({ client: 'y', server: 'S'.repeat(64), skew: `+${'9'.repeat(15)}.123456789` }));
    model.check();
  });

  it('[PE22] has every location in the leaf of its client', () => {
    const table = new LocationTable(fixedRandom);
    const all = Array.from({ length: 500 }, (_, index) => createLocation(`phone${index}`, 1));
    for (const each of all) putNewer(table, each);
    const inLeaf = (leaf: number) => locationsInLeaf(table, leaf).map(({ line }) => line);
    for (const { client, line } of all) expect(inLeaf(leafOf(client))).to.include(line);
    let held = 0;
    for (let leaf = 0; leaf < leafCount; leaf += 1) held += inLeaf(leaf).length;
    expect(held).to.equal(500);
  });

  it('copies locations to a batch', () => {
    const table = new LocationTable(fixedRandom);
    const all = ['1', '1.5', '2.000000001'].map((time, index) => locationFromFields({ client: `c${index}`, time }));
    const batch = new LocationBatch().clear();
    for (const each of all) putNewer(table, each);
    for (const each of all) table.appendTo(batch, findCell(table, each));
    const expected = LocationBatch.of(all);
    expect(Array.from(batch, ({ line }) => line)).to.deep.equal(all.map(({ line }) => line));
    expect(batch.columns).to.deep.equal(expected.columns);
    expect(batch.effectiveSeconds).to.deep.equal(expected.effectiveSeconds);
    expect([...batch.lines()]).to.deep.equal([...expected.lines()]);
  });

  describe('an iteration over a leaf', () => {
    it('visits no location that is added meanwhile, and none that is removed', () => {
      const table = new LocationTable(fixedRandom);
      const at = (index: number, seconds = 1) => createLocation(collidingId(index), seconds);
      for (let index = 0; index < 5; index += 1) putNewer(table, at(index));
      const cursor = table.openLeaf(leafOf(collidingId(0)));
      const advance = () => table.location(table.advance(cursor)).client;
      expect(advance()).to.equal(collidingId(4));
      putNewer(table, at(5));
      table.remove(findCell(table, at(3)));
      // Another size class, so another cell at the same place in the list.
      putNewer(table, locationFromFields({ client: collidingId(2), time: `2.${'0'.repeat(60)}` }));
      expect([advance(), advance(), advance()]).to.deep.equal([2, 1, 0].map(collidingId));
      expect(cursor.next).to.equal(noCell);
    });

    it('continues at the right place when cells are moved out of a slab', () => {
      const table = new LocationTable(fixedRandom);
      const count = 4_000;
      const at = (index: number) => createLocation(collidingId(index), 1);
      for (let index = 0; index < count; index += 1) putNewer(table, at(index));
      const cursor = table.openLeaf(leafOf(collidingId(0)));
      // Removes the locations in front of the cursor but every 40th, from the oldest slab on.
      for (let index = 0; index < count; index += 1) if (index % 40 !== 0) table.remove(findCell(table, at(index)));
      const visited: string[] = [];
      while (cursor.next !== noCell) visited.push(table.location(table.advance(cursor)).client);
      const expected = Array.from({ length: count / 40 }, (_, index) => collidingId(count - 40 - index * 40));
      expect(visited).to.deep.equal(expected);
    });
  });

  describe('with 100,000 clients of one leaf', () => {
    it('takes little longer than with others, to add, find, and remove them', () => {
      const count = 100_000;
      const timeOf = (clientOf: (index: number) => string) => {
        const batches = Array.from({ length: count / 1_000 }, (_, page) =>
          LocationBatch.of(
            Array.from({ length: 1_000 }, (_, row) => createLocation(clientOf(page * 1_000 + row), page)),
          ),
        );
        return leastTimeOf(3, () => {
          const table = new LocationTable(fixedRandom);
          for (const batch of batches)
            for (let row = 0; row < batch.count; row += 1) {
              table.put(batch, row, table.find(batch, row));
            }
          expect(table.size).to.equal(count);
          for (const batch of batches)
            for (let row = 0; row < batch.count; row += 1) {
              if (table.isSuperseded(table.find(batch, row), batch, row)) expect.fail('it was put');
            }
          for (const batch of batches)
            for (let row = 0; row < batch.count; row += 1) {
              table.remove(table.find(batch, row));
            }
          expect(table.size).to.equal(0);
        });
      };
      const usual = timeOf((index) => `${index}`.padEnd(144, '.'));
      expect(timeOf(collidingId)).to.be.below(3 * usual);
    }).timeout(60_000);

    it('lists them in pages of the usual size', () => {
      const table = new LocationTable(fixedRandom);
      for (let index = 0; index < 100_000; index += 1) putNewer(table, createLocation(collidingId(index), 1));
      const met = new Set<string>();
      let pages = 0;
      for (let from: number | undefined = 0; from !== undefined; pages += 1) {
        const page: ReturnType<typeof table.page> = table.page(from, 1_000);
        expect(page.locations.length).to.be.within(1, 1_002);
        for (const { client } of page.locations) met.add(client);
        from = page.next;
        if (from !== undefined) expect(from).to.be.below(hashCount);
      }
      expect(met.size).to.equal(100_000);
      expect(pages).to.be.within(99, 101);
    }).timeout(60_000);
  });

  for (const idBytes of [20, 1_024]) {
    it(`[LO5] takes no more memory than it counts, for client IDs of ${idBytes} bytes`, () => {
      const table = new LocationTable(fixedRandom);
      for (let index = 0; index < 30_000; index += 1)
        putNewer(table, createLocation(`${index}`.padEnd(idBytes, '.'), 1));
      expect(table.bytes).to.equal(
        30_000 * storedLocationBytes(createLocation(''.padEnd(idBytes, '.'), 1).line.length),
      );
      expect(table.allocatedBytes).to.be.within(0.75 * table.bytes, table.bytes + maxTableBytes);
    }).timeout(60_000);
  }

  it('[LO5] takes little more than twice the memory that it counted at most, for lengths that somebody chose', () => {
    const table = new LocationTable(fixedRandom);
    let most = 0;
    for (const [phase, idBytes] of [20, 60, 100, 200, 400, 800, 1_600].entries()) {
      const count = Math.floor(1_500_000 / (idBytes + 120));
      const make = (index: number) => createLocation(`${phase}-${index}`.padEnd(idBytes, '.'), 1);
      for (let index = 0; index < count; index += 1) putNewer(table, make(index));
      most = Math.max(most, table.bytes);
      for (let index = 0; index < count; index += 1) if (index % 100 !== 0) table.remove(findCell(table, make(index)));
    }
    expect(table.allocatedBytes).to.be.below(2 * most + 2_000_000);
  });

  describe('[LO5] sampling for an eviction', () => {
    const receivedSecondsOf = (table: LocationTable, cell: number) => table.location(cell).received.seconds;

    it('finds none in an empty table', () => {
      expect(new LocationTable(fixedRandom).findEvictionCandidate()).to.equal(noCell);
    });

    it('finds the oldest of a few dozen, wherever the last sample ended', () => {
      const table = new LocationTable(fixedRandom);
      for (let index = 0; index < 40; index += 1) putNewer(table, createLocation(`phone${index}`, 100 - index));
      for (let left = 40; left > 0; left -= 1) {
        const oldest = table.findEvictionCandidate();
        expect(receivedSecondsOf(table, oldest)).to.equal(61 + 40 - left);
        table.remove(oldest);
      }
      expect(table.size).to.equal(0);
    });

    it('takes little longer if all clients are in one leaf', () => {
      const count = 30_000;
      const timeOf = (clientOf: (index: number) => string) => {
        const table = new LocationTable(fixedRandom);
        const make = (index: number) => createLocation(clientOf(index), index);
        for (let index = 0; index < count; index += 1) putNewer(table, make(index));
        const rounds = Array.from({ length: 5 }, (_, round) =>
          LocationBatch.of(Array.from({ length: 3_000 }, (_, index) => make(count + round * 3_000 + index))),
        );
        return leastTimeOf(rounds.length, (round) => {
          const batch = rounds[round] ?? expect.fail();
          for (let row = 0; row < batch.count; row += 1) {
            table.put(batch, row, table.find(batch, row));
            table.remove(table.findEvictionCandidate());
          }
        });
      };
      const usual = timeOf((index) => `${index}`.padEnd(144, '.'));
      expect(timeOf(collidingId)).to.be.below(2 * usual);
    }).timeout(60_000);

    it('compares to the nanosecond', () => {
      const table = new LocationTable(fixedRandom);
      const [older, newer] = ['5.000000001', '5.000000002'].map((time, index) =>
        locationFromFields({ client: `c${index}`, time }),
      );
      if (older === undefined || newer === undefined) expect.fail();
      for (const each of [newer, older]) putNewer(table, each);
      expect(table.location(table.findEvictionCandidate()).line).to.equal(older.line);
    });

    it('finds one of the oldest of many, and never the newest', () => {
      const table = new LocationTable(fixedRandom);
      const count = 20_000;
      for (let index = 0; index < count; index += 1) putNewer(table, createLocation(`phone${index}`, index));
      const found: number[] = [];
      for (let searches = 0; searches < 1_000; searches += 1) {
        const old = table.findEvictionCandidate();
        found.push(receivedSecondsOf(table, old));
        table.remove(old);
      }
      // The oldest of 64 taken by chance is in the oldest eighth but once in 5,000 times.
      const young = found.filter((seconds) => seconds > count / 8);
      expect(young.length).to.be.below(10);
      expect(Math.max(...found)).to.be.below(count / 2);
    });
  });

  it('[LO5] knows when a location was received, as its line says', () => {
    fc.assert(
      fc.property(competingLocations, (location: Location) => {
        const table = new LocationTable(fixedRandom);
        putNewer(table, location);
        expect(table.receiptTime(findCell(table, location))).to.deep.equal(location.received);
      }),
      { numRuns: 30 },
    );
    expect(new Digest().encodePartitionHashes()).to.equal(
      new LocationTable(fixedRandom).digest.encodePartitionHashes(),
    );
  });
});
