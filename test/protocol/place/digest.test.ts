import { expect } from 'chai';
import fc from 'fast-check';
import { leafCount, leafOf, Digest, partitionCount } from '../../../src/protocol/place/digest.js';
import type { Location } from '../../../src/protocol/place/location.js';
import { clientIds, locationFields, locationFromFields, locations } from '../../support/arbitraries.js';
import {
  hashHighColumn,
  hashLowColumn,
  LocationBatch,
  leafColumn,
} from '../../../src/protocol/place/location-batch.js';

const bucketsInGroup = leafCount / partitionCount;

function digestOf(held: Iterable<Location>): Digest {
  const digest = new Digest();
  for (const each of held) toggle(digest, each);
  return digest;
}

/** Adds a location to a digest, or removes it. */
function toggle(digest: Digest, location: Location): void {
  const { columns } = LocationBatch.of([location]);
  const [leaf = 0, low = 0, high = 0] = [leafColumn, hashLowColumn, hashHighColumn].map((at) => columns[at]);
  digest.toggle(leaf, low, high);
}

/** Everything that a digest says of a store. */
function hashesOf(digest: Digest): string[] {
  return Array.from({ length: partitionCount }, (_, partition) => digest.encodeLeafHashes(partition));
}

/** The buckets in which two stores differ, found as two servers find them. */
function differingBuckets(one: Digest, other: Digest): number[] {
  const partitions = one.differingPartitions(other.encodePartitionHashes()) ?? expect.fail('a digest is a digest');
  return partitions.flatMap(
    (partition) =>
      one.differingLeaves(partition, other.encodeLeafHashes(partition)) ?? expect.fail('buckets are buckets'),
  );
}

const many = fc.uniqueArray(locations, { maxLength: 30, selector: ({ client }) => client });

describe('Digest', () => {
  it('[PE22] does not depend on the order of locations', () => {
    fc.assert(
      fc.property(many, fc.infiniteStream(fc.nat()), (held, places) => {
        const shuffled = [...held];
        for (let at = shuffled.length - 1; at > 0; at -= 1) {
          const other = (places.next().value ?? 0) % (at + 1);
          [shuffled[at], shuffled[other]] = [shuffled[other]!, shuffled[at]!];
        }
        const [one, other] = [digestOf(held), digestOf(shuffled)];
        expect(one.encodePartitionHashes()).to.equal(other.encodePartitionHashes());
        expect(hashesOf(one)).to.deep.equal(hashesOf(other));
      }),
      { numRuns: 30 },
    );
  });

  it('[PE22] returns to its former value when a location is removed', () => {
    fc.assert(
      fc.property(many, locations, (held, gone) => {
        const digest = digestOf(held);
        const before = hashesOf(digest);
        toggle(digest, gone);
        expect(hashesOf(digest)).to.not.deep.equal(before);
        toggle(digest, gone);
        expect(hashesOf(digest)).to.deep.equal(before);
      }),
      { numRuns: 30 },
    );
  });

  const changes: Record<string, (location: Location) => Location> = {
    position: (held) =>
      locationFromFields({ ...locationFields(held), position: `${held.position.startsWith('+') ? '-' : '+'}1+1` }),
    time: (held) => locationFromFields({ ...locationFields(held), time: `${held.time === '7' ? 8 : 7}` }),
    'how the time is written': (held) =>
      locationFromFields({
        ...locationFields(held),
        time: held.time.includes('.') ? `${held.time}0` : `${held.time}.0`,
      }),
    server: (held) =>
      locationFromFields({ ...locationFields(held), server: held.server === 'Metta' ? 'Blake' : 'Metta' }),
    skew: (held) =>
      locationFromFields({
        ...locationFields(held),
        skew: `${held.skew.startsWith('+') ? '-' : '+'}${held.skew.slice(1)}`,
      }),
  };
  for (const [field, change] of Object.entries(changes)) {
    it(`[PE14] [PE22] finds the one leaf in which a location differs in ${field}`, () => {
      fc.assert(
        fc.property(many, locations, (held, other) => {
          const rest = held.filter(({ client }) => client !== other.client);
          const changed = change(other);
          const [here, there] = [digestOf([...rest, other]), digestOf([...rest, changed])];
          expect(differingBuckets(here, there)).to.deep.equal([leafOf(other.client)]);
          expect(differingBuckets(there, here)).to.deep.equal([leafOf(other.client)]);
        }),
      );
    });
  }

  it('[PE14] finds the leaf of a location that only one of two stores holds', () => {
    fc.assert(
      fc.property(many, locations, (held, more) => {
        const rest = held.filter(({ client }) => client !== more.client);
        const bucket = leafOf(more.client);
        expect(differingBuckets(digestOf(rest), digestOf([...rest, more]))).to.deep.equal([bucket]);
      }),
    );
  });

  it('[PE14] is equal for equal stores', () => {
    fc.assert(
      fc.property(many, (held) => {
        expect(differingBuckets(digestOf(held), digestOf(held))).to.deep.equal([]);
      }),
    );
  });

  it('[PE14] distinguishes locations whose fields are split differently', () => {
    const one = locationFromFields({ client: 'kiwi', position: '+1+12', time: '3' });
    const other = locationFromFields({ client: 'kiwi', position: '+1+1', time: '23' });
    expect(differingBuckets(digestOf([one]), digestOf([other]))).to.deep.equal([leafOf(one.client)]);
  });

  it('[PE14] is encoded in a bounded text of base64url', () => {
    const digest = digestOf(
      Array.from({ length: 1_000 }, (_, index) => locationFromFields({ client: `phone${index}` })),
    );
    for (const text of [
      digest.encodePartitionHashes(),
      digest.encodeLeafHashes(0),
      digest.encodeLeafHashes(partitionCount - 1),
    ]) {
      expect(text).to.match(/^[\w-]{2731}$/);
    }
  });

  it('[PE14] detects an invalid encoding', () => {
    const digest = new Digest();
    const good = digest.encodePartitionHashes();
    const bad = ['', 'AAAA', good.slice(0, -1), good.slice(0, -4), `${good}AAAA`, '?'.repeat(good.length), ' '];
    for (const text of bad) {
      expect(digest.differingPartitions(text), text).to.equal(undefined);
      expect(digest.differingLeaves(3, text), text).to.equal(undefined);
    }
    expect(digest.differingPartitions(good)).to.deep.equal([]);
  });
});

describe('leafOf', () => {
  it('[PE22] returns a leaf, the same for the same client', () => {
    fc.assert(
      fc.property(clientIds, (client) => {
        expect(leafOf(client))
          .to.satisfy(Number.isInteger)
          .and.be.within(0, leafCount - 1);
        expect(leafOf(client)).to.equal(leafOf(Buffer.from(client, 'latin1').toString('latin1') as typeof client));
      }),
    );
  });

  it('[PE22][NA3] spreads similar client IDs over the partitions', () => {
    const partitions = new Array<number>(partitionCount).fill(0);
    for (let index = 0; index < 25_600; index += 1) {
      const partition = Math.floor(leafOf(locationFromFields({ client: `phone${index}` }).client) / bucketsInGroup);
      partitions[partition] = (partitions[partition] ?? 0) + 1;
    }
    // 100 each if it were perfect; chance would go beyond these once in millions of partitions.
    expect(Math.min(...partitions)).to.be.above(40);
    expect(Math.max(...partitions)).to.be.below(170);
  });
});
