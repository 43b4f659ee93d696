import { partitionCount } from '../../protocol/place/digest.js';
import type { LocationBatch } from '../../protocol/place/location-batch.js';
import { compareInstants, type Instant } from '../../protocol/place/time.js';
import { noCell } from './cell-allocator.js';
import type { LocationTable } from './location-table.js';
import type { LeafCursor } from './leaf-lists.js';

/** Maximum locations in a page of a catch-up: few enough that a page does not delay clients' commands. */
const maxPageLocations = 500;

/** Bytes of lines at which a page of a catch-up ends, for lines of unusual length. */
const maxPageBytes = 262_144;

/** The leaf hashes of one partition of the digest. */
export interface PartitionHashes {
  readonly partition: number;
  readonly leafHashes: string;
}

/** The locations that a neighbour may lack. */
interface CatchUp {
  /** The leaves in which its store differs, without those whose locations have all been sent. */
  readonly differing: Set<number>;
  /** The place in the first of them at which the last page ended. */
  cursor: LeafCursor | undefined;
}

/** Another store that is compared with this one: a neighbour's, or a partition of a store, named by server and partition. */
export type RemoteStore = string;

/** Anti-entropy state per remote store: the leaves in which it differs, and so the locations that it may lack. */
export class AntiEntropy {
  private readonly catchUps = new Map<RemoteStore, CatchUp>();
  /** The latest time of receipt that a neighbour has evicted: it ignores locations received by then. */
  private readonly horizons = new Map<RemoteStore, Instant>();

  constructor(private readonly table: LocationTable) {}

  /** Resets the state of a neighbour whose link has just come up. */
  reset(neighbour: RemoteStore): void {
    this.closeCursor(neighbour);
    this.catchUps.delete(neighbour);
    this.horizons.delete(neighbour);
  }

  /** Compares a neighbour's digest with the store's. Returns the store's leaf hashes of the partitions that differ. */
  compare(neighbour: RemoteStore, partitionHashes: string, horizon: Instant | undefined): PartitionHashes[] {
    this.setHorizon(neighbour, horizon);
    const { digest } = this.table;
    // An invalid digest counts as differing in all partitions: that costs a full comparison and loses nothing.
    const differing =
      digest.differingPartitions(partitionHashes) ??
      Array.from({ length: partitionCount }, (_, partition) => partition);
    return differing.map((partition) => ({ partition, leafHashes: digest.encodeLeafHashes(partition) }));
  }

  /** Sets the latest time of receipt that a remote store has evicted; undefined if it has evicted nothing. */
  setHorizon(neighbour: RemoteStore, horizon: Instant | undefined): void {
    if (horizon === undefined) this.horizons.delete(neighbour);
    else this.horizons.set(neighbour, horizon);
  }

  /** Compares a neighbour's leaf hashes of a partition, and records the leaves that differ. */
  recordLeaves(neighbour: RemoteStore, { partition, leafHashes }: PartitionHashes): void {
    const { differing } = this.catchUpOf(neighbour);
    // A leaf that is being sent continues where it is: what was sent before used the same connection.
    for (const leaf of this.table.digest.differingLeaves(partition, leafHashes) ?? []) differing.add(leaf);
  }

  /** Adds the next locations that a neighbour may lack to a batch, possibly none. Returns whether they are the last. */
  nextPage(neighbour: RemoteStore, batch: LocationBatch, maxBytes = maxPageBytes): boolean {
    const { table } = this;
    const catchUp = this.catchUpOf(neighbour);
    const horizon = this.horizons.get(neighbour);
    let visited = 0;
    for (const leaf of catchUp.differing) {
      const cursor = (catchUp.cursor ??= table.openLeaf(leaf));
      for (; cursor.next !== noCell; visited += 1) {
        if (visited === maxPageLocations || batch.end >= maxBytes) return false;
        const cell = table.advance(cursor);
        if (horizon === undefined || compareInstants(table.receiptTime(cell), horizon) > 0) table.appendTo(batch, cell);
      }
      table.closeLeaf(cursor);
      catchUp.cursor = undefined;
      catchUp.differing.delete(leaf);
    }
    return true;
  }

  /** Removes the state of all neighbours. */
  clear(): void {
    for (const neighbour of this.catchUps.keys()) this.closeCursor(neighbour);
    this.catchUps.clear();
    this.horizons.clear();
  }

  private catchUpOf(neighbour: RemoteStore): CatchUp {
    const known = this.catchUps.get(neighbour);
    if (known !== undefined) return known;
    const created: CatchUp = { differing: new Set(), cursor: undefined };
    this.catchUps.set(neighbour, created);
    return created;
  }

  private closeCursor(neighbour: RemoteStore): void {
    const cursor = this.catchUps.get(neighbour)?.cursor;
    if (cursor !== undefined) this.table.closeLeaf(cursor);
  }
}
