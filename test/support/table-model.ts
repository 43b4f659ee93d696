import { expect } from 'chai';
import type { CellRef } from '../../src/actors/store/cell-allocator.js';
import { noCell } from '../../src/actors/store/cell-allocator.js';
import { storedLocationBytes } from '../../src/actors/store/location-bytes.js';
import { LocationTable } from '../../src/actors/store/location-table.js';
import type { Random } from '../../src/actors/ports/random.js';
import { Digest, partitionCount } from '../../src/protocol/place/digest.js';
import type { ClientId } from '../../src/protocol/place/ids.js';
import {
  LocationBatch,
  columnsPerRow,
  hashHighColumn,
  hashLowColumn,
} from '../../src/protocol/place/location-batch.js';
import { supersedes, type Location } from '../../src/protocol/place/location.js';

/** Stores a location as the store does; returns whether it was new. */
export function putNewer(table: LocationTable, location: Location): boolean {
  const batch = LocationBatch.of([location]);
  const stored = table.find(batch, 0);
  if (stored !== noCell && !table.isSuperseded(stored, batch, 0)) return false;
  table.put(batch, 0, stored);
  return true;
}

/** Returns the cell of a location's client. */
export function findCell(table: LocationTable, location: Location): CellRef {
  return table.find(LocationBatch.of([location]), 0);
}

/** Returns the locations of a leaf that an iteration visits from its place on. */
export function locationsInLeaf(table: LocationTable, leaf: number): Location[] {
  const cursor = table.openLeaf(leaf);
  const locations: Location[] = [];
  while (cursor.next !== noCell) locations.push(table.location(table.advance(cursor)));
  table.closeLeaf(cursor);
  return locations;
}

/** Adds locations to a digest, or removes them. */
export function toggleAll(digest: Digest, locations: Iterable<Location>): void {
  const batch = LocationBatch.of(locations);
  let row = 0;
  for (const { leaf } of batch) {
    const offset = row * columnsPerRow;
    digest.toggle(leaf, batch.columns[offset + hashLowColumn] ?? 0, batch.columns[offset + hashHighColumn] ?? 0);
    row += 1;
  }
}

/** A table, and a map of what it should hold. */
export class TableModel {
  readonly table: LocationTable;
  readonly held = new Map<ClientId, Location>();

  constructor(random: Random) {
    this.table = new LocationTable(random);
  }

  /** Offers a location to both. */
  put(location: Location): void {
    const known = this.held.get(location.client);
    const isNew = known === undefined || supersedes(location, known);
    if (isNew) this.held.set(location.client, location);
    expect(putNewer(this.table, location), location.line.slice(0, 200)).to.equal(isNew);
  }

  remove(client: ClientId): void {
    const known = this.held.get(client);
    if (known === undefined) return;
    this.held.delete(client);
    this.table.remove(findCell(this.table, known));
  }

  /** Expects that both hold the same, and that the table's digest and counts are those of what it holds. */
  check(): void {
    const { table, held } = this;
    expect(table.size).to.equal(held.size);
    let bytes = 0;
    for (const [client, { line }] of held) {
      if (table.get(client)?.line !== line) expect.fail(`the table lacks ${line.slice(0, 200)}`);
      bytes += storedLocationBytes(line.length);
    }
    expect(table.bytes).to.equal(bytes);
    const digest = new Digest();
    toggleAll(digest, held.values());
    expect(table.digest.encodePartitionHashes()).to.equal(digest.encodePartitionHashes());
    for (let partition = 0; partition < partitionCount; partition += 1) {
      expect(table.digest.encodeLeafHashes(partition)).to.equal(digest.encodeLeafHashes(partition));
    }
    const lines = (locations: Iterable<Location>) => Array.from(locations, ({ line }) => line).sort();
    const expected = lines(held.values());
    expect(lines(table.page(0, Infinity).locations)).to.deep.equal(expected);
    const leaves = new Set(Array.from(held.values(), ({ leaf }) => leaf));
    const inLeaves = [...leaves].flatMap((leaf) => locationsInLeaf(table, leaf));
    expect(lines(inLeaves)).to.deep.equal(expected);
  }
}
