import { Digest, leavesPerPartition } from '../../protocol/place/digest.js';
import type { ClientId } from '../../protocol/place/ids.js';
import {
  clientEndColumn,
  clientStartColumn,
  columnsPerRow,
  hashHighColumn,
  hashLowColumn,
  leafColumn,
  type LocationBatch,
} from '../../protocol/place/location-batch.js';
import type { Location } from '../../protocol/place/location.js';
import { compareInstants, type Instant } from '../../protocol/place/time.js';
import { keyedHash, type HashKey } from '../../protocol/text/keyed-hash.js';
import { encodeToScratch } from '../../protocol/text/latin1.js';
import type { Random } from '../ports/random.js';
import { noCell, type CellRef } from './cell-allocator.js';
import { drawHashKey } from './hash-key.js';
import { LocationArena } from './location-arena.js';
import { LocationIndex, maxEntryBytes } from './location-index.js';
import { LeafLists, type LeafCursor } from './leaf-lists.js';

/** Locations sampled to find one to evict. */
const maxSampleSize = 64;

/**
 * One location per client, outside of the heap of V8: an index of the clients by a keyed hash, whose order is that of all iterations,
 * and a list of the locations of each leaf of the digest, so that differences to a neighbour are found without a scan.
 *
 * A location is referred to by its cell (`CellRef`), `noCell` if there is none. Other changes of the table may make it invalid.
 */
export class LocationTable {
  readonly digest = new Digest();
  private readonly index = new LocationIndex();
  private readonly arena = new LocationArena((from, to) => this.moved(from, to));
  private readonly lists = new LeafLists(this.arena);
  private readonly key: HashKey;
  /** The hash with which the index was positioned last. */
  private hash = 0;
  /** The hash at which the last sample ended. */
  private evictionCursor = 0;
  private readonly sample: CellRef[] = [];

  /** @param random source of the key of the hash */
  constructor(random: Random) {
    this.key = drawHashKey(random);
  }

  /** The number of clients. */
  get size(): number {
    return this.index.size;
  }

  /** Bytes of memory of the locations: see `storedLocationBytes`. */
  get bytes(): number {
    return this.arena.usedBytes + this.index.size * maxEntryBytes;
  }

  /** Bytes of memory that the table has allocated for locations and its index. */
  get allocatedBytes(): number {
    return this.arena.allocatedBytes + this.index.bytes;
  }

  /** Returns the location of a client. */
  get(client: ClientId): Location | undefined {
    const cell = this.findClient(encodeToScratch(client).view, 0, client.length);
    return cell === noCell ? undefined : this.arena.location(cell);
  }

  /** Finds the stored location of the client of a row. */
  find(batch: LocationBatch, row: number): CellRef {
    const offset = row * columnsPerRow;
    const { columns } = batch;
    return this.findClient(
      batch.buffer.view,
      columns[offset + clientStartColumn] ?? 0,
      columns[offset + clientEndColumn] ?? 0,
    );
  }

  /** Whether the location of a row replaces a stored one of the same client ([LO1]). */
  isSuperseded(cell: CellRef, batch: LocationBatch, row: number): boolean {
    return this.arena.isSuperseded(cell, batch, row);
  }

  /** Stores the location of a row. @param stored what `find` returned for the row just before */
  put(batch: LocationBatch, row: number, stored: CellRef): void {
    if (stored === noCell) this.add(batch, row);
    else this.replace(stored, batch, row);
  }

  /** Removes the locations of a partition; returns them. */
  removePartition(partition: number): Location[] {
    const removed: Location[] = [];
    if (this.digest.isUntouched(partition)) return removed;
    for (let index = 0; index < leavesPerPartition; index += 1) {
      const leaf = partition * leavesPerPartition + index;
      // Removing a location may move others to other cells, so the first one is looked up each time.
      for (let cell = this.lists.first(leaf); cell !== noCell; cell = this.lists.first(leaf)) {
        removed.push(this.location(cell));
        this.remove(cell);
      }
    }
    return removed;
  }

  /** Removes a location. */
  remove(cell: CellRef): void {
    const { arena } = this;
    const leaf = arena.leafOf(cell);
    this.seek(cell);
    this.index.remove();
    this.lists.remove(leaf, cell);
    this.digest.toggle(leaf, arena.hashLow(cell), arena.hashHigh(cell));
    arena.free(cell);
  }

  /** Creates the location of a cell. */
  location(cell: CellRef): Location {
    return this.arena.location(cell);
  }

  /** Returns when the server that received the report did so, by its clock. */
  receiptTime(cell: CellRef): Instant {
    return this.arena.receiptTime(cell);
  }

  /** Adds a row with a stored location to a batch. */
  appendTo(batch: LocationBatch, cell: CellRef): void {
    this.arena.appendTo(batch, cell);
  }

  /**
   * Returns `max` locations from a cursor on, and the next cursor. An iteration from cursor to cursor, beginning with 0, returns each
   * client exactly once that is in the table all the time.
   */
  page(cursor: number, max: number): { readonly locations: Location[]; readonly next: number | undefined } {
    const cells: CellRef[] = [];
    const next = this.index.collect(cursor, max, cells);
    return { locations: cells.map((cell) => this.arena.location(cell)), next };
  }

  /** Returns the locations of a partition. */
  cellsOf(partition: number): CellRef[] {
    const cells: CellRef[] = [];
    if (this.digest.isUntouched(partition)) return cells;
    for (let index = 0; index < leavesPerPartition; index += 1) {
      const cursor = this.lists.open(partition * leavesPerPartition + index);
      while (cursor.next !== noCell) cells.push(this.lists.advance(cursor));
      this.lists.close(cursor);
    }
    return cells;
  }

  /** Begins an iteration over a leaf, which must be closed: see `LeafCursor`. */
  openLeaf(leaf: number): LeafCursor {
    return this.lists.open(leaf);
  }

  /** Returns the next location of an iteration over a leaf, which is not at its end. */
  advance(cursor: LeafCursor): CellRef {
    return this.lists.advance(cursor);
  }

  /** Ends an iteration over a leaf. */
  closeLeaf(cursor: LeafCursor): void {
    this.lists.close(cursor);
  }

  /**
   * Returns a location to evict: of the next few dozen in cyclic order, the one received first by its server's clock, whatever time
   * its client sent ([LO5]). An exact order would slow down every update; Redis approximates LRU eviction by sampling, too.
   */
  findEvictionCandidate(): CellRef {
    const { sample, index } = this;
    sample.length = 0;
    const next = index.collect(this.evictionCursor, maxSampleSize, sample);
    // At the end, continues at the start, without sampling a location twice.
    this.evictionCursor = next ?? index.collect(0, Math.min(maxSampleSize, this.size), sample) ?? 0;
    let oldest = noCell;
    let oldestTime: Instant | undefined;
    for (const cell of sample) {
      const time = this.arena.receiptTime(cell);
      if (oldestTime !== undefined && compareInstants(time, oldestTime) >= 0) continue;
      oldest = cell;
      oldestTime = time;
    }
    return oldest;
  }

  private findClient(view: DataView, start: number, end: number): CellRef {
    const { index, arena } = this;
    const hash = keyedHash(view, start, end, this.key);
    this.hash = hash;
    let cell = index.findFirst(hash);
    while (cell !== noCell && !arena.isOf(cell, view, start, end)) cell = index.findNext(hash);
    return cell;
  }

  private add(batch: LocationBatch, row: number): void {
    const { arena } = this;
    const offset = row * columnsPerRow;
    const leaf = batch.columns[offset + leafColumn] ?? 0;
    const cell = arena.add(batch, row);
    this.index.insert(this.hash, cell);
    this.lists.add(leaf, cell);
    this.digest.toggle(leaf, arena.hashLow(cell), arena.hashHigh(cell));
  }

  private replace(stored: CellRef, batch: LocationBatch, row: number): void {
    const { arena, digest } = this;
    const { columns } = batch;
    const offset = row * columnsPerRow;
    const leaf = columns[offset + leafColumn] ?? 0;
    const low = arena.hashLow(stored) ^ (columns[offset + hashLowColumn] ?? 0);
    const high = arena.hashHigh(stored) ^ (columns[offset + hashHighColumn] ?? 0);
    // Removes the stored location and adds the new one.
    digest.toggle(leaf, low, high);
    const cell = arena.replace(stored, batch, row);
    if (cell === stored) return;
    this.index.replace(cell);
    this.lists.move(leaf, stored, cell);
    arena.free(stored);
  }

  /** Updates all references to a cell that the arena has copied to another place. */
  private moved(from: CellRef, to: CellRef): void {
    this.seek(from, to);
    this.index.replace(to);
    this.lists.move(this.arena.leafOf(to), from, to);
  }

  /** Positions the index at the entry of a cell. @param content a cell with the same content */
  private seek(cell: CellRef, content = cell): void {
    const { index, arena } = this;
    const { view } = arena.memoryOf(content);
    const hash = keyedHash(view, arena.clientStart(content), arena.clientEnd(content), this.key);
    let found = index.findFirst(hash);
    while (found !== cell) {
      if (found === noCell) throw new Error(`the index lacks the cell ${cell}`);
      found = index.findNext(hash);
    }
  }
}
