import { groupCount } from '../../protocol/place/digest.js';
import type { ServerId } from '../../protocol/place/ids.js';
import { isReceivedAfter, type Location } from '../../protocol/place/location.js';
import type { Instant } from '../../protocol/place/time.js';
import type { LocationTable } from './location-table.js';

/** Locations in a page of a catch-up: few enough that a page does not hold up the commands of clients. */
const pageLocationsMax = 250;

/** The hashes of the buckets of one group. */
export interface GroupTold {
  readonly group: number;
  readonly buckets: string;
}

/** What neighbours have told of what they hold, and so what each of them may lack. */
export class Repair {
  /**
   * The buckets in which a neighbour differs, as far as it has not been told their locations, and the place in each to go on
   * from.
   */
  private readonly differing = new Map<ServerId, Map<number, number>>();
  /** The latest time of receipt that a neighbour has evicted: it takes nothing received by then from us. */
  private readonly horizons = new Map<ServerId, Instant>();

  constructor(private readonly table: LocationTable) {}

  /** The link to a neighbour has just come up: what was left over of the last one is forgotten. */
  begin(neighbour: ServerId): void {
    this.differing.delete(neighbour);
    this.horizons.delete(neighbour);
  }

  /** A neighbour has told its digest, and what it has forgotten. Answers with our buckets of the groups that differ. */
  compare(neighbour: ServerId, groups: string, horizon: Instant | undefined): GroupTold[] {
    if (horizon === undefined) this.horizons.delete(neighbour);
    else this.horizons.set(neighbour, horizon);
    const { digest } = this.table;
    // A digest that cannot be read is taken to differ in everything: it costs a comparison, and loses nothing.
    const differing = digest.differingGroups(groups) ?? Array.from({ length: groupCount }, (_, group) => group);
    return differing.map((group) => ({ group, buckets: digest.describeBuckets(group) }));
  }

  /** A neighbour has told its buckets of a group that differs. */
  noteBuckets(neighbour: ServerId, { group, buckets }: GroupTold): void {
    const differing = this.differing.get(neighbour) ?? new Map<number, number>();
    this.differing.set(neighbour, differing);
    for (const bucket of this.table.digest.differingBuckets(group, buckets) ?? []) {
      // One that is being dealt out goes on where it is: what was told before has gone over the same connection.
      if (!differing.has(bucket)) differing.set(bucket, 0);
    }
  }

  /** The next locations that a neighbour may lack, perhaps none, and whether they are the last. */
  nextPage(neighbour: ServerId): { locations: Location[]; last: boolean } {
    const differing = this.differing.get(neighbour) ?? new Map<number, number>();
    const horizon = this.horizons.get(neighbour);
    const page: Location[] = [];
    for (const [bucket, from] of differing) {
      if (page.length >= pageLocationsMax) break;
      const next = this.table.collectIn(bucket, from, pageLocationsMax, page);
      if (next === undefined) differing.delete(bucket);
      else differing.set(bucket, next);
    }
    const locations = horizon === undefined ? page : page.filter((location) => isReceivedAfter(location, horizon));
    return { locations, last: differing.size === 0 };
  }

  /** Forgets everything that neighbours have told. */
  clear(): void {
    this.differing.clear();
    this.horizons.clear();
  }
}
