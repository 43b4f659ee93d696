import { allClients } from '../../protocol/client/command.js';
import { leafOf } from '../../protocol/place/digest.js';
import type { ClientId } from '../../protocol/place/ids.js';
import { LeafNumbers } from '../../protocol/place/leaf-numbers.js';
import { pickNewer, type Location } from '../../protocol/place/location.js';
import { LocationBatch } from '../../protocol/place/location-batch.js';
import { compareInstants, type Instant } from '../../protocol/place/time.js';
import type { Random } from '../ports/random.js';
import { noCell } from './cell-allocator.js';
import { LocationTable } from './location-table.js';

/** A place in the iteration over retained reports. */
export interface RetainedCursor {
  readonly generation: number;
  readonly place: number;
}

/**
 * Locations of clients in partitions that the server does not hold:
 *
 * - Reports to this server are retained until the holders have confirmed them. They are in two generations: while the holders confirm
 *   the older one, new reports go to the younger one. So a generation is dropped as a whole.
 * - Of watched clients, the newest location that was sent to subscribers, so that they are sent no older one.
 */
export class UnheldLocations {
  /** The younger generation, and the older one if it is not confirmed. */
  private generations: readonly [LocationTable] | readonly [LocationTable, LocationTable];
  private watched: LocationTable;
  /** All of them. */
  private tables: readonly LocationTable[];
  private readonly watchedClients = new Set<ClientId>();
  /** The number of watched clients in each leaf: most rows are of others, and their clients are not decoded. */
  private readonly watchedPerLeaf = new LeafNumbers();

  constructor(private readonly random: Random) {
    this.generations = [new LocationTable(random)];
    this.watched = new LocationTable(random);
    this.tables = [...this.generations, this.watched];
  }

  /** Whether any client is watched. */
  get isWatching(): boolean {
    return this.watchedClients.size > 0;
  }

  /** Number of locations. */
  get size(): number {
    return this.tables.reduce((sum, { size }) => sum + size, 0);
  }

  /** Bytes of memory of the locations. */
  get bytes(): number {
    return this.tables.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Returns the newest location of a client. */
  get(client: ClientId): Location | undefined {
    let newest: Location | undefined;
    for (const table of this.tables) {
      const location = table.get(client);
      if (location !== undefined) newest = pickNewer(location, newest);
    }
    return newest;
  }

  /** Retains the report of a row, if it is newer than what is known of its client; returns whether it is. */
  report(batch: LocationBatch, row: number): boolean {
    const [younger] = this.generations;
    if (!this.tables.every((table) => isNew(table, batch, row))) return false;
    younger.put(batch, row, younger.find(batch, row));
    this.recordSent(batch, row);
    return true;
  }

  /** Stores the location of a row from another server, if its client is watched and it is newer; returns whether it is. */
  observe(batch: LocationBatch, row: number): boolean {
    if (!this.tables.every((table) => isNew(table, batch, row))) return false;
    return this.recordSent(batch, row);
  }

  /** Records that subscribers were sent the location of a row, if its client is watched; returns whether it is newer than others. */
  recordSent(batch: LocationBatch, row: number): boolean {
    const { watched } = this;
    if (!this.isWatched(batch, row) || !isNew(watched, batch, row)) return false;
    watched.put(batch, row, watched.find(batch, row));
    return true;
  }

  /** Begins to watch a client, or all. @param sent the location that its subscriber was sent */
  watch(client: ClientId, sent: Location | undefined): void {
    if (this.watchedClients.has(client)) return;
    this.watchedClients.add(client);
    if (client !== allClients) this.countWatched(client, 1);
    if (sent !== undefined) this.recordSent(LocationBatch.of([sent]), 0);
  }

  unwatch(client: ClientId): void {
    if (!this.watchedClients.delete(client)) return;
    if (client !== allClients) this.countWatched(client, -1);
    if (this.watchedClients.has(allClients)) return;
    const { watched } = this;
    const stillWatched = client === allClients ? [...this.watchedClients].map((each) => watched.get(each)) : undefined;
    if (stillWatched !== undefined || this.watchedClients.size === 0) {
      this.watched = new LocationTable(this.random);
      this.tables = [...this.generations, this.watched];
      const batch = LocationBatch.of((stillWatched ?? []).filter((location) => location !== undefined));
      for (let row = 0; row < batch.count; row += 1) this.recordSent(batch, row);
      return;
    }
    const sent = watched.get(client);
    if (sent !== undefined) watched.remove(watched.find(LocationBatch.of([sent]), 0));
  }

  /** Drops the older generation, which the holders have confirmed, and retains further reports in a new one. */
  rotate(): void {
    this.generations = [new LocationTable(this.random), this.generations[0]];
    this.tables = [...this.generations, this.watched];
  }

  /** Returns a page of the retained reports, and the cursor of the next page. */
  page(cursor: RetainedCursor, max: number): { readonly locations: Location[]; readonly next?: RetainedCursor } {
    // The older generation is listed first, as its reports are older.
    const table = [...this.generations].reverse()[cursor.generation];
    if (table === undefined) return { locations: [] };
    const { locations, next } = table.page(cursor.place, max);
    if (next !== undefined) return { locations, next: { ...cursor, place: next } };
    return { locations, next: { generation: cursor.generation + 1, place: 0 } };
  }

  /** Adds all locations of a partition to a batch. */
  collect(partition: number, batch: LocationBatch): void {
    for (const table of this.tables) for (const cell of table.cellsOf(partition)) table.appendTo(batch, cell);
  }

  /**
   * Removes one location to make room: one that was sent to subscribers, or else a report that was received before a time.
   * @returns whether there was one
   */
  evictOne(before: Instant | undefined): boolean {
    for (const table of [...this.tables].reverse()) {
      const cell = table.findEvictionCandidate();
      if (cell === noCell) continue;
      const isOlder = before === undefined || compareInstants(table.receiptTime(cell), before) < 0;
      if (table !== this.watched && !isOlder) continue;
      table.remove(cell);
      return true;
    }
    return false;
  }

  private isWatched(batch: LocationBatch, row: number): boolean {
    if (this.watchedClients.has(allClients)) return true;
    if (!this.isWatching || this.watchedPerLeaf.get(batch.leaf(row)) === 0) return false;
    return this.watchedClients.has(batch.location(row).client);
  }

  private countWatched(client: ClientId, change: 1 | -1): void {
    const leaf = leafOf(client);
    this.watchedPerLeaf.set(leaf, this.watchedPerLeaf.get(leaf) + change);
  }
}

function isNew(table: LocationTable, batch: LocationBatch, row: number): boolean {
  const stored = table.find(batch, row);
  return stored === noCell || table.isSuperseded(stored, batch, row);
}
