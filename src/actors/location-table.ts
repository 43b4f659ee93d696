import { bucketCount, bucketOf, Digest } from '../protocol/digest.js';
import type { ClientId } from '../protocol/ids.js';
import type { Location } from '../protocol/location.js';
import { compareInstants } from '../protocol/time.js';

/** Locations that a search for an old one looks at, at least. */
const sampleMin = 64;

/** Buckets that a search passes at once where none of them was ever used: it is quick in a table that holds few. */
const strideBuckets = 256;

/** One location a client, in the buckets of the digest: what differs from a neighbour is found without a search. */
export class LocationTable {
  readonly digest = new Digest();
  private readonly buckets: (Map<ClientId, Location> | undefined)[] = new Array<undefined>(bucketCount).fill(undefined);
  /** How many buckets were ever used, of each stride. */
  private readonly used = new Uint16Array(bucketCount / strideBuckets);
  private count = 0;
  /** Where the last search for an old location ended. */
  private hand = 0;

  /** How many clients are known. */
  get size(): number {
    return this.count;
  }

  get(client: ClientId): Location | undefined {
    return this.buckets[bucketOf(client)]?.get(client);
  }

  /** What is kept of the client of a location. */
  rivalOf({ bucket, client }: Location): Location | undefined {
    return this.buckets[bucket]?.get(client);
  }

  /** Keeps a location in place of the one it replaces, if there is one. */
  put(location: Location, replaced: Location | undefined): void {
    const bucket = this.buckets[location.bucket] ?? this.openBucket(location.bucket);
    if (replaced === undefined) this.count += 1;
    else this.digest.toggle(replaced);
    this.digest.toggle(location);
    bucket.set(location.client, location);
  }

  remove(location: Location): void {
    if (this.buckets[location.bucket]?.delete(location.client) !== true) return;
    this.count -= 1;
    this.digest.toggle(location);
  }

  /** The locations of a bucket. */
  bucket(index: number): Iterable<Location> {
    return this.buckets[index]?.values() ?? [];
  }

  /**
   * Locations of whole buckets, from a bucket on, until there are `max` or more; and the bucket that comes next, if there is
   * one. A client stays in its bucket: who goes from page to page meets each that is there all the while, once.
   */
  page(from: number, max: number): { readonly locations: Location[]; readonly next: number | undefined } {
    const locations: Location[] = [];
    let index = from;
    while (index < bucketCount && locations.length < max) {
      const unused = index % strideBuckets === 0 && this.used[index / strideBuckets] === 0;
      if (!unused) locations.push(...this.bucket(index));
      index += unused ? strideBuckets : 1;
    }
    return { locations, next: index < bucketCount ? index : undefined };
  }

  /**
   * A location among the oldest, by the clients' own time: the oldest of the next few dozen, going round. To know the oldest
   * of all would cost every update more than it is worth (so says Redis of its own eviction, which samples even fewer).
   */
  findOld(): Location | undefined {
    let oldest: Location | undefined;
    let seen = 0;
    for (let passed = 0; passed < bucketCount && seen < sampleMin;) {
      const leap = this.hand % strideBuckets === 0 && this.used[this.hand / strideBuckets] === 0 ? strideBuckets : 1;
      passed += leap;
      this.hand = (this.hand + leap) % bucketCount;
      for (const location of this.bucket(this.hand)) {
        seen += 1;
        if (oldest === undefined || compareInstants(location, oldest) < 0) oldest = location;
      }
    }
    return oldest;
  }

  private openBucket(index: number): Map<ClientId, Location> {
    const bucket = new Map<ClientId, Location>();
    this.buckets[index] = bucket;
    const stride = Math.floor(index / strideBuckets);
    this.used[stride] = (this.used[stride] ?? 0) + 1;
    return bucket;
  }
}
