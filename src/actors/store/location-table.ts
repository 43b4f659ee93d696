import { encodeToScratch } from '../../protocol/text/latin1.js';
import { hashBoth, hashedHigh } from '../../protocol/text/hash.js';
import { Digest } from '../../protocol/place/digest.js';
import type { ClientId } from '../../protocol/place/ids.js';
import { compareReceiptTimes, type Location } from '../../protocol/place/location.js';
import { PartitionedMap } from './partitioned-map.js';
import { locationBytes } from './location-bytes.js';
import type { Random } from '../ports/random.js';

/** Locations sampled to find one to evict; up to as many more if a partition holds as many. */
const maxSampleSize = 64;

/** One location per client, in the partitions of the digest, so that differences to a neighbour are found without a scan. */
export class LocationTable {
  readonly digest = new Digest();
  private readonly locations: PartitionedMap<Location>;
  private count = 0;
  private usedBytes = 0;
  /** The cursor at which the last sample ended. */
  private evictionCursor = 0;

  constructor(random: Random) {
    this.locations = new PartitionedMap<Location>(random);
  }

  /** The number of clients. */
  get size(): number {
    return this.count;
  }

  /** Bytes of memory of the locations: see `locationBytes`. */
  get bytes(): number {
    return this.usedBytes;
  }

  get(client: ClientId): Location | undefined {
    return this.locations.get(client);
  }

  /** Returns the stored location of the client of a location. */
  findStored({ partition, client }: Location): Location | undefined {
    return this.locations.getInPartition(partition, client);
  }

  /** Stores a location in place of the one that it replaces, if any. */
  put(location: Location, replaced: Location | undefined): void {
    if (replaced === undefined) {
      this.count += 1;
      this.usedBytes += locationBytes(location);
    } else {
      toggle(this.digest, replaced);
      this.usedBytes += location.line.length - replaced.line.length;
    }
    toggle(this.digest, location);
    this.locations.set(location.partition, location.client, location);
  }

  remove(location: Location): void {
    if (!this.locations.delete(location.partition, location.client)) return;
    this.count -= 1;
    this.usedBytes -= locationBytes(location);
    toggle(this.digest, location);
  }

  /**
   * Returns `max` or somewhat more locations from a cursor on, and the next cursor: see `PartitionedMap`.
   */
  page(cursor: number, max: number): { readonly locations: Location[]; readonly next: number | undefined } {
    const { values, next } = this.locations.page(cursor, max);
    return { locations: values, next };
  }

  /** Adds locations of one partition to a list, from a cursor on. Returns the next cursor, if any. */
  collectInPartition(partition: number, cursor: number, max: number, into: Location[]): number | undefined {
    return this.locations.collectInPartition(partition, cursor, max, into);
  }

  /**
   * Returns a location to evict: of the next few dozen in cyclic order, the one received first by its server's clock, whatever time
   * its client sent ([LO5]). An exact order would slow down every update; Redis approximates LRU eviction by sampling, too.
   */
  findEvictionCandidate(): Location | undefined {
    const sample: Location[] = [];
    const next = this.locations.collect(this.evictionCursor, maxSampleSize, sample);
    // At the end, continues at the start, without sampling a location twice.
    this.evictionCursor = next ?? this.locations.collect(0, Math.min(maxSampleSize, this.count), sample) ?? 0;
    let oldest: Location | undefined;
    for (const location of sample) {
      if (oldest === undefined || compareReceiptTimes(location, oldest) < 0) oldest = location;
    }
    return oldest;
  }
}

function toggle(digest: Digest, location: Location): void {
  const { partition } = location;
  const { view } = encodeToScratch(location.line);
  const low = hashBoth(view, 3, location.line.length);
  digest.toggle(partition, low, hashedHigh());
}
