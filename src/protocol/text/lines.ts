import type { ByteString } from './byte-string.js';
import { WordBuffer } from './word-buffer.js';

const LF = 10;
const CR = 13;

const sharedBufferBytes = 16_384;

/** Buffer of encoded lines, each in a place of its own: allocating a buffer takes ten times as long as encoding a line. */
let sharedBuffer = new WordBuffer(0);
let usedBytes = 0;

/** Returns the end of a line without a CR in front of its LF, which is at `lineEnd`. */
export function textEndOf({ view }: WordBuffer, start: number, lineEnd: number): number {
  return lineEnd > start && view.getUint8(lineEnd - 1) === CR ? lineEnd - 1 : lineEnd;
}

/**
 * Whole lines that were received or sent together, as a range of bytes in which each line ends with LF or CR LF. They are decoded only
 * where text is needed.
 *
 * The sender reuses the bytes: they are valid until the bus that carries the lines has delivered all messages. A receiver that keeps
 * lines for longer must copy them.
 */
export class Lines implements Iterable<ByteString> {
  /**
   * @param start start of the first line in `buffer`
   * @param end end of the last line, behind its LF
   * @param knownLength number of lines, if it is known
   * @param isPrintable whether the lines are known to be of printable ASCII only, apart from line ends
   * @param areLocations whether all lines are known to be valid IAMAT commands, or AT lines that are not followed by JSON
   */
  constructor(
    readonly buffer: WordBuffer,
    readonly start: number,
    readonly end: number,
    private readonly knownLength?: number,
    readonly isPrintable = false,
    readonly areLocations = false,
  ) {}

  /** Encodes lines, given without line ends. */
  static of(...texts: readonly ByteString[]): Lines {
    let bytes = texts.length;
    for (const text of texts) bytes += text.length;
    if (usedBytes + bytes > sharedBuffer.size) {
      sharedBuffer = new WordBuffer(Math.max(sharedBufferBytes, bytes));
      usedBytes = 0;
    }
    const start = usedBytes;
    for (const text of texts) {
      const lineEnd = sharedBuffer.write(text, usedBytes);
      sharedBuffer.view.setUint8(lineEnd, LF);
      usedBytes = lineEnd + 1;
    }
    return new Lines(sharedBuffer, start, usedBytes, texts.length);
  }

  /** Returns these lines together with those that follow in the same buffer; undefined if they do not follow directly. */
  joinedWith(next: Lines): Lines | undefined {
    if (next.buffer !== this.buffer || next.start !== this.end) return undefined;
    return new Lines(this.buffer, this.start, next.end, this.length + next.length);
  }

  /** Number of lines. */
  get length(): number {
    if (this.knownLength !== undefined) return this.knownLength;
    let count = 0;
    for (let start = this.start; start < this.end; start = this.startAfter(start)) count += 1;
    return count;
  }

  /** Returns the start of the line behind the one that starts at a position; the end of the lines behind the last one. */
  startAfter(start: number): number {
    const lineEnd = this.buffer.findLineEnd(start, this.end);
    return lineEnd < 0 ? this.end : lineEnd + 1;
  }

  /** Decodes the lines, without their line ends. */
  [Symbol.iterator](): ArrayIterator<ByteString> {
    const { buffer, end } = this;
    const texts: ByteString[] = [];
    for (let start = this.start; start < end;) {
      const lineEnd = buffer.findLineEnd(start, end);
      if (lineEnd < 0) break;
      texts.push(buffer.text(start, textEndOf(buffer, start, lineEnd)));
      start = lineEnd + 1;
    }
    return texts.values();
  }

  /** Decodes the lines, without their line ends, each with the position of the next one. */
  *entries(): Generator<readonly [line: ByteString, next: number]> {
    const { buffer, end } = this;
    let start = this.start;
    while (start < end) {
      const lineEnd = buffer.findLineEnd(start, end);
      if (lineEnd < 0) return;
      yield [buffer.text(start, textEndOf(buffer, start, lineEnd)), lineEnd + 1];
      start = lineEnd + 1;
    }
  }
}
