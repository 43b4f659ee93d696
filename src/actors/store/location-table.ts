import { Digest } from '../../protocol/place/digest.js';
import type { ClientId } from '../../protocol/place/ids.js';
import { compareReceiptTimes, type Location } from '../../protocol/place/location.js';
import { PartitionedMap } from './partitioned-map.js';
import { locationBytes } from './location-bytes.js';
import type { Random } from '../ports/random.js';

/** Locations that a search for an old one looks at; up to as many more where a bucket holds so many. */
const maxSampleSize = 64;

/** One location a client, in the buckets of the digest: what differs from a neighbour is found without a search. */
export class LocationTable {
  readonly digest = new Digest();
  private readonly locations: PartitionedMap<Location>;
  private count = 0;
  private usedBytes = 0;
  /** The cursor at which the last search for an old location ended. */
  private evictionCursor = 0;

  constructor(random: Random) {
    this.locations = new PartitionedMap<Location>(random);
  }

  /** How many clients are known. */
  get size(): number {
    return this.count;
  }

  /** Bytes of memory that the locations take: see `locationBytes`. */
  get bytes(): number {
    return this.usedBytes;
  }

  get(client: ClientId): Location | undefined {
    return this.locations.get(client);
  }

  /** What is kept of the client of a location. */
  findStored({ partition, client }: Location): Location | undefined {
    return this.locations.getInPartition(partition, client);
  }

  /** Keeps a location in place of the one it replaces, if there is one. */
  put(location: Location, replaced: Location | undefined): void {
    if (replaced === undefined) {
      this.count += 1;
      this.usedBytes += locationBytes(location);
    } else {
      location.reuseClientTextOf(replaced);
      this.digest.toggle(replaced);
      this.usedBytes += location.line.length - replaced.line.length;
    }
    this.digest.toggle(location);
    this.locations.set(location.partition, location.client, location);
  }

  remove(location: Location): void {
    if (!this.locations.delete(location.partition, location.client)) return;
    this.count -= 1;
    this.usedBytes -= locationBytes(location);
    this.digest.toggle(location);
  }

  /**
   * Locations from a cursor on, until there are `max` or somewhat more, and the cursor that comes next: see `PartitionedMap`.
   */
  page(cursor: number, max: number): { readonly locations: Location[]; readonly next: number | undefined } {
    const { values, next } = this.locations.page(cursor, max);
    return { locations: values, next };
  }

  /** Adds locations of one bucket to a list, from a place in it on. Returns the next place, if there is one. */
  collectInPartition(partition: number, cursor: number, max: number, into: Location[]): number | undefined {
    return this.locations.collectInPartition(partition, cursor, max, into);
  }

  /**
   * A location among those received first, by the clock of its server, whatever time its client wrote ([LO5]): the first of the next
   * few dozen, going round. To know the first of all would cost every update more than it is worth (so says Redis of its own eviction, which samples even fewer).
   */
  findEvictionCandidate(): Location | undefined {
    const sample: Location[] = [];
    const next = this.locations.collect(this.evictionCursor, maxSampleSize, sample);
    // Round to the start, where more than is there cannot come twice.
    this.evictionCursor = next ?? this.locations.collect(0, Math.min(maxSampleSize, this.count), sample) ?? 0;
    let oldest: Location | undefined;
    for (const location of sample) {
      if (oldest === undefined || compareReceiptTimes(location, oldest) < 0) oldest = location;
    }
    return oldest;
  }
}
