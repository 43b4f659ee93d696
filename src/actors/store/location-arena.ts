import { hashLow } from '../../protocol/text/hash.js';
import { copyWords, equalBytes, type WordBuffer } from '../../protocol/text/word-buffer.js';
import { leafOfHash } from '../../protocol/place/digest.js';
import {
  clientStartColumn,
  columnsPerRow,
  endColumn,
  hashHighColumn,
  hashLowColumn,
  nanosecondsColumn,
  startColumn,
  type LocationBatch,
} from '../../protocol/place/location-batch.js';
import { compareAtLines, parseReceiptTime } from '../../protocol/place/location-order.js';
import { Location } from '../../protocol/place/location.js';
import type { Instant } from '../../protocol/place/time.js';
import { CellAllocator, offsetOf, type CellRef } from './cell-allocator.js';
import { classUnits } from './size-classes.js';

/*
 * Layout of a cell: offsets of its fields in bytes. The AT line follows at an offset that is divisible by four, and the size of a cell
 * is, too, so a line that is copied by words does not extend beyond its cell.
 */
const secondsField = 0;
const nanosecondsField = 8;
const hashLowField = 12;
const hashHighField = 16;
/** Length of the line, times 256, plus the start of the client ID in it. 0 in a free cell. */
const lineField = 20;
/** Next and previous cell in the list of the leaf: see `LeafLists`. */
const nextField = 24;
const previousField = 28;
const headerBytes = 32;

/** The client ID begins within the first 95 bytes: behind `AT`, a server ID of up to 64 bytes, and a skew of up to 26. */
const clientStartBits = 8;
const clientStartMask = 2 ** clientStartBits - 1;

/** Maximum length of a line, which is above the longest line of a peer (limits.maxLineBytes plus 256, at most 1 MiB + 256). */
const maxLineLength = 2 ** (31 - clientStartBits) - 1;

const SPACE = 32;

/** Returns the bytes of the header and the line of a location, before they are rounded up to a size class. */
export function cellBytes(lineBytes: number): number {
  return headerBytes + lineBytes;
}

/** Stores locations in cells outside of the heap of V8: their AT lines, and what of them is compared often. */
export class LocationArena {
  private readonly cells: CellAllocator;

  /** @param moved called when a cell was copied to another place; its neighbours in the leaf's list are not yet updated */
  constructor(moved: (from: CellRef, to: CellRef) => void) {
    this.cells = new CellAllocator({ isUsed: (cell) => this.lineWord(cell) !== 0, moved });
  }

  /** Bytes of all cells in use. */
  get usedBytes(): number {
    return this.cells.usedBytes;
  }

  /** Bytes of memory that was allocated for cells. */
  get allocatedBytes(): number {
    return this.cells.allocatedBytes;
  }

  /** Stores the location of a row in a new cell. */
  add(batch: LocationBatch, row: number): CellRef {
    const offset = row * columnsPerRow;
    const length = (batch.columns[offset + endColumn] ?? 0) - (batch.columns[offset + startColumn] ?? 0);
    if (length > maxLineLength) throw new RangeError(`location: ${length} bytes (at most ${maxLineLength})`);
    const cell = this.cells.allocate(cellBytes(length));
    this.write(cell, batch, row);
    return cell;
  }

  /**
   * Replaces a location by that of a row. Returns the cell, which is another one if the line needs one of another size; then the links
   * are copied, the old cell is still there and must be freed.
   */
  replace(cell: CellRef, batch: LocationBatch, row: number): CellRef {
    const offset = row * columnsPerRow;
    const length = (batch.columns[offset + endColumn] ?? 0) - (batch.columns[offset + startColumn] ?? 0);
    if (classUnits(cellBytes(this.lineLength(cell))) === classUnits(cellBytes(length))) {
      this.write(cell, batch, row);
      return cell;
    }
    const replacement = this.add(batch, row);
    this.setNext(replacement, this.next(cell));
    this.setPrevious(replacement, this.previous(cell));
    return replacement;
  }

  /** Frees a cell. May move other cells. */
  free(cell: CellRef): void {
    const bytes = cellBytes(this.lineLength(cell));
    this.view(cell).setInt32(offsetOf(cell) + lineField, 0, true);
    this.cells.free(cell, bytes);
  }

  /** Whether a cell is of a client. An ID contains no space, so it is the client's if a space follows. */
  isOf(cell: CellRef, view: DataView, clientStart: number, clientEnd: number): boolean {
    const cellView = this.view(cell);
    const offset = offsetOf(cell);
    const line = cellView.getInt32(offset + lineField, true);
    const start = line & clientStartMask;
    const length = clientEnd - clientStart;
    if (start + length >= line >>> clientStartBits) return false;
    const client = offset + headerBytes + start;
    return cellView.getUint8(client + length) === SPACE && equalBytes(cellView, client, view, clientStart, length);
  }

  /** Whether the location of a row replaces that of a cell of the same client ([LO1]). */
  isSuperseded(cell: CellRef, batch: LocationBatch, row: number): boolean {
    const view = this.view(cell);
    const offset = offsetOf(cell);
    const seconds = batch.effectiveSeconds[row] ?? 0;
    const storedSeconds = view.getFloat64(offset + secondsField, true);
    if (seconds !== storedSeconds) return seconds > storedSeconds;
    const columns = row * columnsPerRow;
    const nanoseconds = batch.columns[columns + nanosecondsColumn] ?? 0;
    const storedNanoseconds = view.getInt32(offset + nanosecondsField, true);
    if (nanoseconds !== storedNanoseconds) return nanoseconds > storedNanoseconds;
    const start = batch.columns[columns + startColumn] ?? 0;
    const end = batch.columns[columns + endColumn] ?? 0;
    const length = view.getInt32(offset + lineField, true) >>> clientStartBits;
    if (length === end - start && equalBytes(view, offset + headerBytes, batch.buffer.view, start, length))
      return false;
    // A tie, which is rare: decided by the texts.
    return compareAtLines(batch.buffer.text(start, end), this.text(cell)) > 0;
  }

  /** The hash of the line, in two halves of 32 bits. */
  hashLow(cell: CellRef): number {
    return this.view(cell).getInt32(offsetOf(cell) + hashLowField, true);
  }

  hashHigh(cell: CellRef): number {
    return this.view(cell).getInt32(offsetOf(cell) + hashHighField, true);
  }

  next(cell: CellRef): CellRef {
    return this.view(cell).getInt32(offsetOf(cell) + nextField, true);
  }

  setNext(cell: CellRef, next: CellRef): void {
    this.view(cell).setInt32(offsetOf(cell) + nextField, next, true);
  }

  previous(cell: CellRef): CellRef {
    return this.view(cell).getInt32(offsetOf(cell) + previousField, true);
  }

  setPrevious(cell: CellRef, previous: CellRef): void {
    this.view(cell).setInt32(offsetOf(cell) + previousField, previous, true);
  }

  /** Returns the memory that contains the line of a cell. */
  memoryOf(cell: CellRef): WordBuffer {
    return this.cells.memoryOf(cell);
  }

  /** The start of the line in its memory. */
  lineStart(cell: CellRef): number {
    return offsetOf(cell) + headerBytes;
  }

  lineEnd(cell: CellRef): number {
    return this.lineStart(cell) + this.lineLength(cell);
  }

  /** The start of the client ID in the memory of the line. */
  clientStart(cell: CellRef): number {
    return this.lineStart(cell) + (this.lineWord(cell) & clientStartMask);
  }

  clientEnd(cell: CellRef): number {
    return this.memoryOf(cell).bytes.indexOf(SPACE, this.clientStart(cell));
  }

  /** The client's leaf in the digest. */
  leafOf(cell: CellRef): number {
    return leafOfHash(hashLow(this.view(cell), this.clientStart(cell), this.clientEnd(cell)));
  }

  /** Returns when the server that received the report did so, by its clock. */
  receiptTime(cell: CellRef): Instant {
    return parseReceiptTime(
      this.memoryOf(cell).bytes,
      this.lineStart(cell),
      this.clientStart(cell),
      this.lineEnd(cell),
    );
  }

  /** Creates the location of a cell. */
  location(cell: CellRef): Location {
    return Location.ofLine(this.text(cell));
  }

  /** Adds a row with the location of a cell to a batch. */
  appendTo(batch: LocationBatch, cell: CellRef): void {
    const view = this.view(cell);
    const offset = offsetOf(cell);
    batch.appendBytes(
      view,
      this.lineStart(cell),
      this.lineEnd(cell),
      this.clientStart(cell),
      this.clientEnd(cell),
      view.getFloat64(offset + secondsField, true),
      view.getInt32(offset + nanosecondsField, true),
    );
  }

  private write(cell: CellRef, batch: LocationBatch, row: number): void {
    const view = this.view(cell);
    const offset = offsetOf(cell);
    const { columns } = batch;
    const from = row * columnsPerRow;
    const start = columns[from + startColumn] ?? 0;
    const end = columns[from + endColumn] ?? 0;
    const clientStart = (columns[from + clientStartColumn] ?? 0) - start;
    view.setFloat64(offset + secondsField, batch.effectiveSeconds[row] ?? 0, true);
    view.setInt32(offset + nanosecondsField, columns[from + nanosecondsColumn] ?? 0, true);
    view.setInt32(offset + hashLowField, columns[from + hashLowColumn] ?? 0, true);
    view.setInt32(offset + hashHighField, columns[from + hashHighColumn] ?? 0, true);
    view.setInt32(offset + lineField, ((end - start) << clientStartBits) | clientStart, true);
    copyWords(batch.buffer.view, start, end, view, offset + headerBytes);
  }

  private text(cell: CellRef): string {
    return this.memoryOf(cell).text(this.lineStart(cell), this.lineEnd(cell));
  }

  private lineLength(cell: CellRef): number {
    return this.lineWord(cell) >>> clientStartBits;
  }

  private lineWord(cell: CellRef): number {
    return this.view(cell).getInt32(offsetOf(cell) + lineField, true);
  }

  private view(cell: CellRef): DataView {
    return this.cells.viewOf(cell);
  }
}
