import { expect } from 'chai';
import fc from 'fast-check';
import { maxIndexBytes, locationBytes } from '../../../src/actors/store/location-bytes.js';
import { LocationTable } from '../../../src/actors/store/location-table.js';
import { partitionCount, partitionOf, Digest, groupCount } from '../../../src/protocol/place/digest.js';
import { asClientId, type ClientId } from '../../../src/protocol/place/ids.js';
import type { Location } from '../../../src/protocol/place/location.js';
import { clientIds, locationFromFields } from '../../support/arbitraries.js';
import { measureHeapBytes } from '../../support/heap.js';
import { createLocation } from '../../support/fake-location.js';
import { collidingId } from '../../support/colliding-ids.js';
import { fixedRandom } from '../../support/fixed-random.js';

/** What a table says of itself, and what one made from scratch would. */
function expectDigestOf(table: LocationTable, held: Iterable<Location>): void {
  const digest = new Digest();
  for (const location of held) digest.toggle(location);
  expect(table.digest.encodeGroupHashes()).to.equal(digest.encodeGroupHashes());
  for (const group of digest.differingGroups(new Digest().encodeGroupHashes()) ?? []) {
    expect(table.digest.encodePartitionHashes(group)).to.equal(digest.encodePartitionHashes(group));
  }
}

describe('LocationTable', () => {
  it('stores one location per client, and counts clients', () => {
    const table = new LocationTable(fixedRandom);
    expect(table.get(asClientId('kiwi'))).to.equal(undefined);
    const [first, second] = [createLocation('kiwi', 1), createLocation('kiwi', 2)];
    table.put(first, undefined);
    table.put(createLocation('emu', 1), undefined);
    table.put(second, first);
    expect(table.size).to.equal(2);
    expect(table.get(asClientId('kiwi'))).to.equal(second);
    table.remove(second);
    table.remove(second);
    expect(table.size).to.equal(1);
    expect(table.get(asClientId('kiwi'))).to.equal(undefined);
    expect(table.get(asClientId('emu'))?.time).to.equal('1');
  });

  it('stores a client ID once, however often the client moves', () => {
    const table = new LocationTable(fixedRandom);
    const bytes = measureHeapBytes(1_000, (index) => {
      const client = `${index}`.padEnd(10_000, '.');
      for (const seconds of [1, 2, 3]) {
        const next = createLocation(client, seconds);
        table.put(next, table.findStored(next));
      }
    });
    expect(table.size).to.equal(1_000);
    // Once in its line, and once as the key.
    expect(bytes).to.be.below(25_000);
  });

  it('[PE22] keeps a digest equal to one computed from scratch, for any sequence of updates', () => {
    const some = fc.oneof(clientIds, fc.constantFrom('kiwi', 'emu', 'moa').map(asClientId));
    const step = fc.record({ client: some, seconds: fc.nat(9), remove: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const table = new LocationTable(fixedRandom);
        const held = new Map<ClientId, Location>();
        for (const { client, seconds, remove } of steps) {
          const known = held.get(client);
          if (remove) {
            if (known === undefined) continue;
            table.remove(known);
            held.delete(client);
          } else {
            const next = locationFromFields({ client, time: String(seconds) });
            table.put(next, known);
            held.set(client, next);
          }
          expect(table.size).to.equal(held.size);
        }
        expectDigestOf(table, held.values());
        for (const [client, known] of held) expect(table.get(client)).to.equal(known);
      }),
      { numRuns: 40 },
    );
  });

  it('ignores the removal of an unknown location', () => {
    const table = new LocationTable(fixedRandom);
    table.put(createLocation('kiwi', 1), undefined);
    table.remove(createLocation('emu', 1));
    expect(table.size).to.equal(1);
    expectDigestOf(table, [createLocation('kiwi', 1)]);
  });

  it('[PE22] has every location in the partition of its client', () => {
    const table = new LocationTable(fixedRandom);
    const all = Array.from({ length: 500 }, (_, index) => createLocation(`phone${index}`, 1));
    for (const each of all) table.put(each, undefined);
    const inBucket = (bucket: number) => {
      const held: Location[] = [];
      expect(table.collectInPartition(bucket, 0, 1, held)).to.equal(undefined);
      return held;
    };
    for (const each of all) expect(inBucket(partitionOf(each.client))).to.include(each);
    let held = 0;
    for (let bucket = 0; bucket < partitionCount; bucket += 1) held += inBucket(bucket).length;
    expect(held).to.equal(500);
    expect(groupCount).to.be.below(partitionCount);
  });

  it('[LO5] counts the bytes of its locations, for any sequence of updates', () => {
    const step = fc.record({ client: clientIds, digits: fc.nat(40), remove: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const table = new LocationTable(fixedRandom);
        const held = new Map<ClientId, Location>();
        for (const { client, digits, remove } of steps) {
          const known = held.get(client);
          if (remove && known !== undefined) {
            table.remove(known);
            held.delete(client);
          } else if (!remove) {
            const next = locationFromFields({ client, time: `5.${'0'.repeat(digits + 1)}` });
            table.put(next, known);
            held.set(client, next);
          }
          const bytes = [...held.values()].reduce((sum, each) => sum + locationBytes(each), 0);
          expect(table.bytes).to.equal(bytes);
        }
      }),
      { numRuns: 40 },
    );
  });

  for (const idBytes of [20, 1_024]) {
    it(`[LO5] takes no more memory than it counts, for client IDs of ${idBytes} bytes`, () => {
      const table = new LocationTable(fixedRandom);
      const bytes = measureHeapBytes(30_000, (index) => {
        table.put(createLocation(`${index}`.padEnd(idBytes, '.'), 1), undefined);
      });
      const counted = table.bytes / table.size;
      // Beside it the index has a part of fixed size, for each of its buckets, which many locations share.
      const shared = maxIndexBytes / table.size;
      expect(bytes).to.be.within(counted * 0.75, counted + shared);
    }).timeout(60_000);
  }

  describe('[LO5] sampling for an eviction', () => {
    it('finds none in an empty table', () => {
      expect(new LocationTable(fixedRandom).findEvictionCandidate()).to.equal(undefined);
    });

    it('finds the oldest of a few dozen, wherever the last sample ended', () => {
      const table = new LocationTable(fixedRandom);
      for (let index = 0; index < 40; index += 1) table.put(createLocation(`phone${index}`, 100 - index), undefined);
      for (let left = 40; left > 0; left -= 1) {
        const oldest = table.findEvictionCandidate();
        expect(oldest?.receivedSeconds).to.equal(61 + 40 - left);
        if (oldest !== undefined) table.remove(oldest);
      }
      expect(table.size).to.equal(0);
    });

    it('takes little longer if all clients are in one partition', () => {
      const count = 30_000;
      const timeOf = (clientOf: (index: number) => string) => {
        const table = new LocationTable(fixedRandom);
        const make = (index: number) => createLocation(clientOf(index), index);
        for (let index = 0; index < count; index += 1) table.put(make(index), undefined);
        let least = Infinity;
        for (let round = 0; round < 5; round += 1) {
          const added = Array.from({ length: 3_000 }, (_, index) => make(count + round * 3_000 + index));
          const start = process.cpuUsage();
          for (const location of added) {
            table.put(location, undefined);
            table.remove(table.findEvictionCandidate() ?? expect.fail('there are locations'));
          }
          least = Math.min(least, process.cpuUsage(start).user);
        }
        return least;
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
      for (const each of [newer, older]) table.put(each, undefined);
      expect(table.findEvictionCandidate()).to.equal(older);
    });

    it('finds one of the oldest of many, and never the newest', () => {
      const table = new LocationTable(fixedRandom);
      const count = 20_000;
      for (let index = 0; index < count; index += 1) table.put(createLocation(`phone${index}`, index), undefined);
      const found: number[] = [];
      for (let searches = 0; searches < 1_000; searches += 1) {
        const old = table.findEvictionCandidate() ?? expect.fail('there are locations');
        found.push(old.receivedSeconds);
        table.remove(old);
      }
      // The oldest of 64 taken by chance is in the oldest eighth but once in 5,000 times.
      const young = found.filter((seconds) => seconds > count / 8);
      expect(young.length).to.be.below(10);
      expect(Math.max(...found)).to.be.below(count / 2);
    });
  });
});
