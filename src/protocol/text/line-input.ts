import { Lines } from './lines.js';
import { findLineEnd, WordBuffer } from './word-buffer.js';

const LF = 10;
const CR = 13;

const empty = new WordBuffer(0);

/** Whole lines of an input, as a range of bytes. */
export interface LineRegion {
  readonly buffer: WordBuffer;
  readonly start: number;
  /** End of the last line, behind its LF. */
  readonly end: number;
  /** Whether the only line is the incomplete last line of the stream. Its LF is not the client's, so a CR before it is part of it. */
  readonly isUnterminated: boolean;
}

/**
 * Splits one stream of bytes into regions of whole lines, independent of its chunks. A region of a chunk refers to the chunk's buffer,
 * so nothing is copied, except the parts of a line that arrives in several chunks. One per stream.
 *
 * Buffers at most one line of the maximum length. Of a longer line only the start is kept, as a line of more than the maximum, as soon
 * as it exceeds the limit; the rest is skipped.
 */
export class LineInput {
  /** The start of an incomplete line. */
  private partial = empty;
  private partialBytes = 0;
  /** Whether the rest of an overlong line is being skipped. */
  private isSkipping = false;

  /** @param maxLineBytes maximum length of a line without its line end */
  constructor(private readonly maxLineBytes: number) {}

  /** Adds a chunk of bytes; returns the regions of whole lines, in order. They refer to `buffer`, or to memory of their own. */
  push(buffer: WordBuffer, chunkStart: number, end: number): LineRegion[] {
    let start = chunkStart;
    const regions: LineRegion[] = [];
    if (this.isSkipping || this.partialBytes > 0) {
      const firstEnd = findLineEnd(buffer.view, start, end);
      if (this.isSkipping) {
        if (firstEnd < 0) return regions;
        this.isSkipping = false;
      } else {
        this.appendPartial(buffer, start, firstEnd < 0 ? end : firstEnd);
        if (firstEnd >= 0 || this.isOverlong()) regions.push(this.takePartial(false));
        this.isSkipping = firstEnd < 0 && regions.length > 0;
        if (firstEnd < 0) return regions;
      }
      start = firstEnd + 1;
    }
    const linesEnd = lastLineEnd(buffer, start, end);
    if (linesEnd > start) regions.push({ buffer, start, end: linesEnd, isUnterminated: false });
    if (linesEnd < end) {
      this.appendPartial(buffer, linesEnd, end);
      if (this.isOverlong()) {
        regions.push(this.takePartial(false));
        this.isSkipping = true;
      }
    }
    return regions;
  }

  /** Ends the stream; returns its incomplete last line, if any. */
  end(): LineRegion | undefined {
    return this.partialBytes === 0 ? undefined : this.takePartial(true);
  }

  /** Two bytes over the limit are enough: one of them may be the CR of a line end. */
  private appendPartial(buffer: WordBuffer, start: number, end: number): void {
    const bytes = Math.min(end - start, this.maxLineBytes + 2 - this.partialBytes);
    const needed = this.partialBytes + bytes;
    if (this.partial.size < needed + 1) {
      const grown = new WordBuffer(Math.min(this.maxLineBytes + 3, Math.max(2 * this.partial.size, needed + 1)));
      this.partial.bytes.copy(grown.bytes, 0, 0, this.partialBytes);
      this.partial = grown;
    }
    buffer.bytes.copy(this.partial.bytes, this.partialBytes, start, start + bytes);
    this.partialBytes = needed;
  }

  private isOverlong(): boolean {
    const excess = this.partialBytes - this.maxLineBytes;
    return excess > 1 || (excess === 1 && this.partial.bytes[this.partialBytes - 1] !== CR);
  }

  private takePartial(isUnterminated: boolean): LineRegion {
    const { partial: buffer, partialBytes } = this;
    this.partial = empty;
    this.partialBytes = 0;
    buffer.bytes[partialBytes] = LF;
    return { buffer, start: 0, end: partialBytes + 1, isUnterminated };
  }
}

/** Whether a line of a region exceeds a limit. */
export function hasOverlongLine({ buffer, start: regionStart, end }: LineRegion, maxLineBytes: number): boolean {
  let start = regionStart;
  while (end - start > maxLineBytes + 1) {
    // The furthest line end that is near enough: most lines are skipped at once.
    const furthest = start + maxLineBytes;
    const hasCr = buffer.bytes[furthest] === CR && buffer.bytes[furthest + 1] === LF;
    const lineEnd = hasCr ? furthest + 1 : buffer.bytes.lastIndexOf(LF, furthest);
    if (lineEnd < start) return true;
    start = lineEnd + 1;
  }
  return false;
}

/** Returns the lines of a region. */
export function linesOf({ buffer, start, end }: LineRegion): Lines {
  return new Lines(buffer, start, end);
}

/** Returns the end of the last whole line of a range, behind its LF; `start` if there is none. */
function lastLineEnd({ bytes }: WordBuffer, start: number, end: number): number {
  // `lastIndexOf` counts a negative offset from the end of the buffer.
  if (end === start) return start;
  if (bytes[end - 1] === LF) return end;
  const at = bytes.lastIndexOf(LF, end - 1);
  return at < start ? start : at + 1;
}
