import { hashBoth, hashedHigh, hashLow } from '../text/hash.js';
import { Lines } from '../text/lines.js';
import { copyWords, WordBuffer } from '../text/word-buffer.js';
import { leafOfHash } from './digest.js';
import { parseReceiptTime } from './location-order.js';
import { atPrefix, Location } from './location.js';
import type { Instant } from './time.js';

/** Numbers of a row in `columns`. */
export const columnsPerRow = 8;
/** Start of the AT line in the buffer. */
export const startColumn = 0;
/** End of the AT line, without its forwarder and line end. */
export const endColumn = 1;
/** Start and end of the client ID in the buffer. */
export const clientStartColumn = 2;
export const clientEndColumn = 3;
/** Nanoseconds of the effective time. */
export const nanosecondsColumn = 4;
/** The client's leaf in the digest. */
export const leafColumn = 5;
/** The hash of the line, in two halves of 32 bits. */
export const hashLowColumn = 6;
export const hashHighColumn = 7;

const initialRows = 64;
const initialBytes = 8_192;

const LF = 10;

const noSuffix = new WordBuffer(0);

/**
 * Locations that travel together, as the bytes of their AT lines and, for each line, a row of numbers that every server on its way
 * needs. `Location` objects are created only where they are needed.
 *
 * The sender reuses a batch: it is valid until the bus that carries it has delivered all messages. A receiver that keeps a location for
 * longer must copy it, or create a `Location`.
 */
export class LocationBatch implements Iterable<Location> {
  /** The number of rows. */
  count = 0;
  /** `columnsPerRow` numbers per row. */
  columns = new Int32Array(initialRows * columnsPerRow);
  /** Whole seconds of the effective time of each row ([LO1]). */
  effectiveSeconds = new Float64Array(initialRows);
  /** Whether all lines are of printable ASCII only. */
  isPrintable = true;
  /** End of the lines in the batch's own buffer. */
  private usedBytes = 0;
  private own: WordBuffer | undefined;
  private current: WordBuffer | undefined;

  /** Creates a batch of locations. */
  static of(locations: Iterable<Location>): LocationBatch {
    const batch = new LocationBatch().clear();
    for (const location of locations) batch.append(location);
    return batch;
  }

  /** The buffer of the lines. */
  get buffer(): WordBuffer {
    return this.current ?? this.ownBuffer(0);
  }

  /** End of the lines that were written to the batch's own buffer. */
  get end(): number {
    return this.usedBytes;
  }

  /** Removes all rows. The next lines are written to the batch's own buffer. */
  clear(): this {
    this.count = 0;
    this.usedBytes = 0;
    this.isPrintable = true;
    this.current = this.own;
    return this;
  }

  /** Removes all rows. The next lines are those of another buffer, which is not copied. */
  borrow(buffer: WordBuffer): this {
    this.clear();
    this.current = buffer;
    return this;
  }

  /** Makes room for further bytes in the batch's own buffer, and returns the buffer. Lines written so far keep their places. */
  reserve(bytes: number): WordBuffer {
    return this.ownBuffer(this.usedBytes + bytes);
  }

  /** Marks the bytes up to `end` of the own buffer as used. */
  use(end: number): void {
    this.usedBytes = end;
  }

  /**
   * Adds a row for a valid AT line in the buffer.
   * @param start start of the line; `end`: its end, without forwarder and line end
   * @param clientStart start and end of the client ID
   * @param seconds the effective time
   */
  add(start: number, end: number, clientStart: number, clientEnd: number, seconds: number, nanoseconds: number): void {
    const row = this.count;
    if (row === this.effectiveSeconds.length) this.grow();
    const { columns, buffer } = this;
    const offset = row * columnsPerRow;
    columns[offset + startColumn] = start;
    columns[offset + endColumn] = end;
    columns[offset + clientStartColumn] = clientStart;
    columns[offset + clientEndColumn] = clientEnd;
    columns[offset + nanosecondsColumn] = nanoseconds;
    columns[offset + leafColumn] = leafOfHash(hashLow(buffer.view, clientStart, clientEnd));
    columns[offset + hashLowColumn] = hashBoth(buffer.view, start + atPrefix.length, end);
    columns[offset + hashHighColumn] = hashedHigh();
    this.effectiveSeconds[row] = seconds;
    this.count = row + 1;
  }

  /**
   * Adds a location; its line is written to the batch's own buffer, with a suffix in front of its line end.
   * @param suffix a space and the ID of the server that forwards the line; or nothing
   */
  append(location: Location, suffix = noSuffix): void {
    const { line, client } = location;
    const buffer = this.reserve(line.length + suffix.size + 1);
    const start = this.usedBytes;
    const end = buffer.write(line, start);
    copyWords(suffix.view, 0, suffix.size, buffer.view, end);
    buffer.bytes[end + suffix.size] = LF;
    this.usedBytes = end + suffix.size + 1;
    this.isPrintable = false;
    const clientStart = start + location.clientOffset;
    const { seconds, nanoseconds } = location.effective;
    this.add(start, end, clientStart, clientStart + client.length, seconds, nanoseconds);
  }

  /**
   * Adds a row of another batch; its line is copied to the batch's own buffer, with a suffix in front of its line end.
   * @param suffix a space and the ID of the server that forwards the line; or nothing
   */
  appendRow(source: LocationBatch, row: number, suffix: WordBuffer): void {
    const from = row * columnsPerRow;
    const sourceStart = source.columns[from + startColumn] ?? 0;
    const length = (source.columns[from + endColumn] ?? 0) - sourceStart;
    const buffer = this.reserve(length + suffix.size + 1);
    const start = this.usedBytes;
    const { view } = buffer;
    copyWords(source.buffer.view, sourceStart, sourceStart + length, view, start);
    copyWords(suffix.view, 0, suffix.size, view, start + length);
    const end = start + length + suffix.size;
    view.setUint8(end, LF);
    this.usedBytes = end + 1;
    if (!source.isPrintable) this.isPrintable = false;
    if (this.count === this.effectiveSeconds.length) this.grow();
    const to = this.count * columnsPerRow;
    const { columns } = this;
    const moved = start - sourceStart;
    columns[to + startColumn] = start;
    columns[to + endColumn] = start + length;
    columns[to + clientStartColumn] = (source.columns[from + clientStartColumn] ?? 0) + moved;
    columns[to + clientEndColumn] = (source.columns[from + clientEndColumn] ?? 0) + moved;
    for (let column = nanosecondsColumn; column < columnsPerRow; column += 1) {
      columns[to + column] = source.columns[from + column] ?? 0;
    }
    this.effectiveSeconds[this.count] = source.effectiveSeconds[row] ?? 0;
    this.count += 1;
  }

  /** Adds a row for a valid AT line elsewhere, which is copied to the batch's own buffer. Otherwise like `add`. */
  appendBytes(
    source: DataView,
    start: number,
    end: number,
    clientStart: number,
    clientEnd: number,
    seconds: number,
    nanoseconds: number,
  ): void {
    const buffer = this.reserve(end - start + 1);
    const at = this.usedBytes;
    copyWords(source, start, end, buffer.view, at);
    const lineEnd = at + end - start;
    buffer.view.setUint8(lineEnd, LF);
    this.usedBytes = lineEnd + 1;
    this.isPrintable = false;
    this.add(at, lineEnd, clientStart - start + at, clientEnd - start + at, seconds, nanoseconds);
  }

  /** Adds all rows of a batch whose lines lie one behind the other in its own buffer, forwarders included. */
  appendAll(source: LocationBatch): void {
    const buffer = this.reserve(source.usedBytes);
    const moved = this.usedBytes;
    source.buffer.bytes.copy(buffer.bytes, moved, 0, source.usedBytes);
    this.usedBytes += source.usedBytes;
    if (!source.isPrintable) this.isPrintable = false;
    while (this.count + source.count > this.effectiveSeconds.length) this.grow();
    const { columns } = this;
    for (let row = 0; row < source.count; row += 1) {
      const from = row * columnsPerRow;
      const to = (this.count + row) * columnsPerRow;
      for (let column = 0; column < columnsPerRow; column += 1) {
        const value = source.columns[from + column] ?? 0;
        columns[to + column] = column <= clientEndColumn ? value + moved : value;
      }
      this.effectiveSeconds[this.count + row] = source.effectiveSeconds[row] ?? 0;
    }
    this.count += source.count;
  }

  /** Moves a row to an earlier place, as the rows in between are to be removed by `truncate`. */
  moveRow(from: number, to: number): void {
    const { columns } = this;
    // A call of `copyWithin` takes longer for so few numbers.
    for (let column = 0; column < columnsPerRow; column += 1) {
      columns[to * columnsPerRow + column] = columns[from * columnsPerRow + column] ?? 0;
    }
    this.effectiveSeconds[to] = this.effectiveSeconds[from] ?? 0;
  }

  /** Removes all rows but the first `count`. */
  truncate(count: number): void {
    this.count = count;
  }

  /** The leaf of the client of a row. */
  leaf(row: number): number {
    return this.columns[row * columnsPerRow + leafColumn] ?? 0;
  }

  /** Returns when the server that received the report of a row did so, by its clock. */
  receiptTime(row: number): Instant {
    const offset = row * columnsPerRow;
    return parseReceiptTime(
      this.buffer.bytes,
      this.columns[offset + startColumn] ?? 0,
      this.columns[offset + clientStartColumn] ?? 0,
      this.columns[offset + endColumn] ?? 0,
    );
  }

  /** Creates the location of a row. */
  location(row: number): Location {
    const offset = row * columnsPerRow;
    const start = this.columns[offset + startColumn] ?? 0;
    const end = this.columns[offset + endColumn] ?? 0;
    const clientStart = this.columns[offset + clientStartColumn] ?? 0;
    return new Location(this.buffer.text(start, end), clientStart - start);
  }

  /** Returns the lines of a batch whose lines lie one behind the other in its own buffer, as a link sends them. */
  lines(): Lines {
    return new Lines(this.buffer, 0, this.usedBytes, this.count, this.isPrintable, true);
  }

  /** Creates the locations of all rows. */
  *[Symbol.iterator](): Generator<Location> {
    for (let row = 0; row < this.count; row += 1) yield this.location(row);
  }

  /** Overwrites all lines with a byte, and removes all rows. */
  overwrite(byte: number): void {
    const { buffer, columns, count, usedBytes } = this;
    if (this.current === this.own) buffer.fill(byte, 0, usedBytes);
    else {
      for (let offset = 0; offset < count * columnsPerRow; offset += columnsPerRow) {
        buffer.fill(byte, columns[offset + startColumn] ?? 0, columns[offset + endColumn] ?? 0);
      }
    }
    this.clear();
  }

  private ownBuffer(bytes: number): WordBuffer {
    if (this.own === undefined || this.own.size < bytes) {
      const grown = new WordBuffer(Math.max(initialBytes, bytes, 2 * (this.own?.size ?? 0)));
      this.own?.bytes.copy(grown.bytes, 0, 0, this.usedBytes);
      this.own = grown;
    }
    this.current = this.own;
    return this.own;
  }

  private grow(): void {
    const columns = new Int32Array(this.columns.length * 2);
    columns.set(this.columns);
    const seconds = new Float64Array(this.effectiveSeconds.length * 2);
    seconds.set(this.effectiveSeconds);
    this.columns = columns;
    this.effectiveSeconds = seconds;
  }
}
