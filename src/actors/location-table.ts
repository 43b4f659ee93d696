import { bucketCount, Digest } from '../protocol/digest.js';
import type { ClientId } from '../protocol/ids.js';
import { compareReceipts, type Location } from '../protocol/location.js';
import { ClientBuckets } from './client-buckets.js';

/** Locations that a search for an old one looks at, at least. */
const sampleMin = 64;

/** One location a client, in the buckets of the digest: what differs from a neighbour is found without a search. */
export class LocationTable {
  readonly digest = new Digest();
  private readonly locations = new ClientBuckets<Location>();
  private count = 0;
  /** Where the last search for an old location ended. */
  private hand = 0;

  /** How many clients are known. */
  get size(): number {
    return this.count;
  }

  get(client: ClientId): Location | undefined {
    return this.locations.get(client);
  }

  /** What is kept of the client of a location. */
  rivalOf({ bucket, client }: Location): Location | undefined {
    return this.locations.getFrom(bucket, client);
  }

  /** Keeps a location in place of the one it replaces, if there is one. */
  put(location: Location, replaced: Location | undefined): void {
    if (replaced === undefined) this.count += 1;
    else {
      location.shareClientOf(replaced);
      this.digest.toggle(replaced);
    }
    this.digest.toggle(location);
    this.locations.set(location.bucket, location.client, location);
  }

  remove(location: Location): void {
    if (!this.locations.delete(location.bucket, location.client)) return;
    this.count -= 1;
    this.digest.toggle(location);
  }

  /** The locations of a bucket. */
  bucket(index: number): Iterable<Location> {
    return this.locations.bucket(index);
  }

  /** Locations of whole buckets, from a bucket on, until there are `max` or more; and the bucket that comes next: `ClientBuckets`. */
  page(from: number, max: number): { readonly locations: Location[]; readonly next: number | undefined } {
    const { values, next } = this.locations.page(from, max);
    return { locations: values, next };
  }

  /**
   * A location among those received first, by the clock of its server, whatever time its client wrote ([LO5]): the first of the next
   * few dozen, going round. To know the first of all would cost every update more than it is worth (so says Redis of its own eviction, which samples even fewer).
   */
  findOld(): Location | undefined {
    let oldest: Location | undefined;
    let seen = 0;
    for (let passed = 0; passed < bucketCount && seen < sampleMin;) {
      const leap = this.locations.leapFrom(this.hand);
      passed += leap;
      this.hand = (this.hand + leap) % bucketCount;
      for (const location of this.bucket(this.hand)) {
        seen += 1;
        if (oldest === undefined || compareReceipts(location, oldest) < 0) oldest = location;
      }
    }
    return oldest;
  }
}
