import { groupCount } from '../../protocol/place/digest.js';
import type { ServerId } from '../../protocol/place/ids.js';
import { isReceivedAfter, type Location } from '../../protocol/place/location.js';
import type { Instant } from '../../protocol/place/time.js';
import type { LocationTable } from './location-table.js';

/** Maximum locations in a page of a catch-up: few enough that a page does not delay clients' commands. */
const maxPageLocations = 250;

/** The partition hashes of one group of the digest. */
export interface GroupHashes {
  readonly group: number;
  readonly partitionHashes: string;
}

/** Anti-entropy state per neighbour: the partitions in which its store differs, and so the locations that it may lack. */
export class AntiEntropy {
  /**
   * The differing partitions of each neighbour whose locations have not all been sent, with the cursor in each from which to
   * continue.
   */
  private readonly differing = new Map<ServerId, Map<number, number>>();
  /** The latest time of receipt that a neighbour has evicted: it ignores locations received by then. */
  private readonly horizons = new Map<ServerId, Instant>();

  constructor(private readonly table: LocationTable) {}

  /** Resets the state of a neighbour whose link has just come up. */
  reset(neighbour: ServerId): void {
    this.differing.delete(neighbour);
    this.horizons.delete(neighbour);
  }

  /** Compares a neighbour's digest with the store's. Returns the store's partition hashes of the groups that differ. */
  compare(neighbour: ServerId, groupHashes: string, horizon: Instant | undefined): GroupHashes[] {
    if (horizon === undefined) this.horizons.delete(neighbour);
    else this.horizons.set(neighbour, horizon);
    const { digest } = this.table;
    // An invalid digest counts as differing in all groups: that costs a full comparison and loses nothing.
    const differing = digest.differingGroups(groupHashes) ?? Array.from({ length: groupCount }, (_, group) => group);
    return differing.map((group) => ({ group, partitionHashes: digest.encodePartitionHashes(group) }));
  }

  /** Compares a neighbour's partition hashes of a group, and records the partitions that differ. */
  recordPartitions(neighbour: ServerId, { group, partitionHashes }: GroupHashes): void {
    const differing = this.differing.get(neighbour) ?? new Map<number, number>();
    this.differing.set(neighbour, differing);
    for (const partition of this.table.digest.differingPartitions(group, partitionHashes) ?? []) {
      // A partition that is being sent continues where it is: what was sent before used the same connection.
      if (!differing.has(partition)) differing.set(partition, 0);
    }
  }

  /** Returns the next locations that a neighbour may lack, possibly none, and whether they are the last. */
  nextPage(neighbour: ServerId): { locations: Location[]; isLast: boolean } {
    const differing = this.differing.get(neighbour) ?? new Map<number, number>();
    const horizon = this.horizons.get(neighbour);
    const page: Location[] = [];
    for (const [partition, cursor] of differing) {
      if (page.length >= maxPageLocations) break;
      const next = this.table.collectInPartition(partition, cursor, maxPageLocations, page);
      if (next === undefined) differing.delete(partition);
      else differing.set(partition, next);
    }
    const locations = horizon === undefined ? page : page.filter((location) => isReceivedAfter(location, horizon));
    return { locations, isLast: differing.size === 0 };
  }

  /** Removes the state of all neighbours. */
  clear(): void {
    this.differing.clear();
    this.horizons.clear();
  }
}
