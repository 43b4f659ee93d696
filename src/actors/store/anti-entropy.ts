import { groupCount } from '../../protocol/place/digest.js';
import type { ServerId } from '../../protocol/place/ids.js';
import { isReceivedAfter, type Location } from '../../protocol/place/location.js';
import type { Instant } from '../../protocol/place/time.js';
import type { LocationTable } from './location-table.js';

/** Locations in a page of a catch-up: few enough that a page does not hold up the commands of clients. */
const maxPageLocations = 250;

/** The hashes of the buckets of one group. */
export interface GroupHashes {
  readonly group: number;
  readonly partitionHashes: string;
}

/** What neighbours have told of what they hold, and so what each of them may lack. */
export class AntiEntropy {
  /**
   * The buckets in which a neighbour differs, as far as it has not been told their locations, and the place in each to go on
   * from.
   */
  private readonly differing = new Map<ServerId, Map<number, number>>();
  /** The latest time of receipt that a neighbour has evicted: it takes nothing received by then from us. */
  private readonly horizons = new Map<ServerId, Instant>();

  constructor(private readonly table: LocationTable) {}

  /** The link to a neighbour has just come up: what was left over of the last one is forgotten. */
  reset(neighbour: ServerId): void {
    this.differing.delete(neighbour);
    this.horizons.delete(neighbour);
  }

  /** A neighbour has told its digest, and what it has forgotten. Answers with our buckets of the groups that differ. */
  compare(neighbour: ServerId, groupHashes: string, horizon: Instant | undefined): GroupHashes[] {
    if (horizon === undefined) this.horizons.delete(neighbour);
    else this.horizons.set(neighbour, horizon);
    const { digest } = this.table;
    // A digest that cannot be read is taken to differ in everything: it costs a comparison, and loses nothing.
    const differing = digest.differingGroups(groupHashes) ?? Array.from({ length: groupCount }, (_, group) => group);
    return differing.map((group) => ({ group, partitionHashes: digest.encodePartitionHashes(group) }));
  }

  /** A neighbour has told its buckets of a group that differs. */
  recordPartitions(neighbour: ServerId, { group, partitionHashes }: GroupHashes): void {
    const differing = this.differing.get(neighbour) ?? new Map<number, number>();
    this.differing.set(neighbour, differing);
    for (const partition of this.table.digest.differingPartitions(group, partitionHashes) ?? []) {
      // One that is being dealt out goes on where it is: what was told before has gone over the same connection.
      if (!differing.has(partition)) differing.set(partition, 0);
    }
  }

  /** The next locations that a neighbour may lack, perhaps none, and whether they are the last. */
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

  /** Forgets everything that neighbours have told. */
  clear(): void {
    this.differing.clear();
    this.horizons.clear();
  }
}
