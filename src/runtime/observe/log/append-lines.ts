import type { ByteString } from '../../../protocol/text/byte-string.js';
import { textEndOf, type Lines } from '../../../protocol/text/lines.js';
import { copyWords } from '../../../protocol/text/word-buffer.js';
import type { LogBuffer } from './log-buffer.js';
import { isContinuation, maxShownBytes, sanitize, truncationMark } from './sanitize.js';

const LF = 10;
const CR = 13;

/** Maximum bytes of a truncation mark. */
const maxMarkBytes = 40;

/**
 * Appends received or sent lines to a log, one line of the log each. They are most of the log, so they are copied by words. Lines whose
 * shown part contains other bytes than printable ASCII are decoded and sanitized.
 *
 * @param prefix start of each line of the log
 */
export function appendLines(log: LogBuffer, lines: Lines, prefix: ByteString): void {
  const { view, bytes } = lines.buffer;
  const prefixBytes = prefix.length;
  // A copied line, its truncation mark, and its line end.
  const reservedBytes = prefixBytes + maxShownBytes + maxMarkBytes + 1;
  /** Where the prefix was written last. */
  let prefixView: DataView | undefined;
  let prefixStart = 0;
  let start = lines.start;
  for (let index = 0; start < lines.end; index += 1) {
    const chunk = log.reserve(reservedBytes);
    if (chunk === undefined) return log.drop(lines.length - index);
    const target = chunk.end;
    if (prefixView === undefined) chunk.write(prefix, target);
    else copyWords(prefixView, prefixStart, prefixStart + prefixBytes, chunk.view, target);
    prefixView = chunk.view;
    prefixStart = target;

    const textStart = target + prefixBytes;
    const textEnd = copyPrintable(view, start, Math.min(lines.end, start + maxShownBytes), chunk.view, textStart);
    const lineEnd = bytes[textEnd] === CR ? textEnd + 1 : textEnd;
    if (bytes[lineEnd] === LF) {
      const end = textStart + textEnd - start;
      chunk.view.setUint8(end, LF);
      chunk.end = end + 1;
      chunk.lines += 1;
      start = lineEnd + 1;
    } else {
      const end = lines.buffer.findLineEnd(textEnd, lines.end);
      if (end < 0) return;
      const length = textEndOf(lines.buffer, start, end) - start;
      if (textEnd - start === maxShownBytes && !isContinuation(view.getUint8(textEnd))) {
        chunk.end = chunk.write(`${truncationMark(length)}\n`, textStart + maxShownBytes);
        chunk.lines += 1;
      } else {
        log.append(prefix + sanitize(lines.buffer.text(start, start + length)));
      }
      start = end + 1;
    }
  }
}

/**
 * Copies bytes by groups of 16 until one is no printable ASCII; returns its position, or `end`. Up to 15 bytes behind those copied are
 * overwritten.
 */
function copyPrintable(source: DataView, start: number, end: number, target: DataView, targetStart: number): number {
  let position = start;
  for (let at = targetStart; position < end; position += 16, at += 16) {
    const first = source.getInt32(position, true);
    const second = source.getInt32(position + 4, true);
    const third = source.getInt32(position + 8, true);
    const fourth = source.getInt32(position + 12, true);
    const isPrintableGroup =
      ((notPrintable(first) | notPrintable(second) | notPrintable(third) | notPrintable(fourth)) & 0x80808080) === 0;
    if (isPrintableGroup) {
      // Two stores instead of four. Bytes of printable ASCII are never those of a NaN, whose bits might change.
      target.setFloat64(at, source.getFloat64(position, true), true);
      target.setFloat64(at + 8, source.getFloat64(position + 8, true), true);
    } else {
      target.setInt32(at, first, true);
      target.setInt32(at + 4, second, true);
      target.setInt32(at + 8, third, true);
      target.setInt32(at + 12, fourth, true);
      break;
    }
  }
  while (position < end && isPrintable(source.getUint8(position))) position += 1;
  return Math.min(position, end);
}

/** Returns a word of which the highest bit of a byte is set if a byte of `word` is no printable ASCII. */
function notPrintable(word: number): number {
  // The highest bit of a byte is set in the difference if the byte is below a space or above 0x9f, and in the sum from DEL to 0xfe. A
  // borrow or carry comes only from such a byte, so it does not matter.
  return (word - 0x20202020) | (word + 0x01010101);
}

function isPrintable(byte: number): boolean {
  return byte >= 0x20 && byte < 0x7f;
}
