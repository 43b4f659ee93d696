import type { ByteString } from './byte-string.js';
import { findLineEnd, WordBuffer } from './word-buffer.js';

const CR = 13;

/**
 * Whole lines that were received or sent together, as a range of bytes in which each line ends with LF or CR LF. Decoded only by those
 * who need text.
 *
 * The bytes belong to the sender, who reuses them: they are valid until the bus that carries the lines has delivered all messages. Who
 * keeps lines for longer copies them.
 */
export class Lines implements Iterable<ByteString> {
  /**
   * @param start start of the first line in `buffer`
   * @param end end of the last line, behind its LF
   * @param length number of lines
   * @param isPrintable whether the lines are known to be of printable ASCII only, apart from line ends
   * @param areLocations whether all lines are known to be valid IAMAT commands, or AT lines without JSON behind them
   */
  constructor(
    readonly buffer: WordBuffer,
    readonly start: number,
    readonly end: number,
    readonly length: number,
    readonly isPrintable = false,
    readonly areLocations = false,
  ) {}

  /** Encodes lines, given without line ends, in a buffer of their own. */
  static of(...texts: readonly ByteString[]): Lines {
    const text = texts.map((line) => `${line}\n`).join('');
    return new Lines(WordBuffer.of(text), 0, text.length, texts.length);
  }

  /** Decodes the lines, without their line ends. */
  *[Symbol.iterator](): Generator<ByteString> {
    const { buffer, end } = this;
    let start = this.start;
    while (start < end) {
      const lineEnd = findLineEnd(buffer.view, start, end);
      if (lineEnd < 0) return;
      yield buffer.text(start, lineEnd > start && buffer.bytes[lineEnd - 1] === CR ? lineEnd - 1 : lineEnd);
      start = lineEnd + 1;
    }
  }
}
