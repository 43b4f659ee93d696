import { flatCopy, type ByteString } from './bytes.js';

/** A line that exceeds the limit. `start`: its first bytes; the rest is skipped. */
export class OverlongLine {
  constructor(readonly start: ByteString) {}
}

/** A whole line without its line end, or the start of an overlong line. */
export type Frame = ByteString | OverlongLine;

const CR = 13;

/** Pieces of a line after which they are joined: separate pieces cost memory, joining them costs time. */
const maxPieces = 256;

/**
 * Splits one stream of bytes into lines, independent of its chunks. Buffers at most one line of the maximum length. An overlong line is
 * reported as soon as it exceeds the limit. One framer per stream.
 */
export class LineFramer {
  private partial: ByteString = '';
  private pieceCount = 0;
  /** Whether the rest of an overlong line is being skipped. */
  private isSkipping = false;

  /** @param maxLineBytes maximum length of a line without its line end */
  constructor(private readonly maxLineBytes: number) {}

  /** Adds bytes; returns the frames that they complete, in order. */
  push(chunk: Buffer): Frame[] {
    return this.pushText(chunk.toString('latin1'));
  }

  /** Adds bytes that are already decoded; returns the frames that they complete, in order. */
  pushText(text: ByteString): Frame[] {
    const frames: Frame[] = [];
    let start = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      this.complete(text.slice(start, end), frames);
      start = end + 1;
    }
    if (start < text.length) this.bufferPartial(text.slice(start), frames);
    return frames;
  }

  /** Ends the stream; returns the incomplete last line, if any. A CR at its end is part of the line. */
  end(): Frame[] {
    const line = this.partial;
    this.partial = '';
    if (line === '') return [];
    return [this.frame(line)];
  }

  private complete(rest: ByteString, frames: Frame[]): void {
    if (this.isSkipping) {
      this.isSkipping = false;
      return;
    }
    const line = this.partial === '' ? rest : this.partial + rest;
    this.partial = '';
    frames.push(this.frame(line.charCodeAt(line.length - 1) === CR ? line.slice(0, -1) : line));
  }

  private bufferPartial(rest: ByteString, frames: Frame[]): void {
    if (this.isSkipping) return;
    // Two bytes over the limit are enough: one of them may be the CR of a line end.
    const piece = flatCopy(rest.slice(0, this.maxLineBytes + 2 - this.partial.length));
    this.pieceCount = (this.pieceCount + 1) % maxPieces;
    this.partial = this.pieceCount === 0 ? flatCopy(this.partial + piece) : this.partial + piece;
    const excess = this.partial.length - this.maxLineBytes;
    if (excess <= 0 || (excess === 1 && this.partial.charCodeAt(this.maxLineBytes) === CR)) return;
    frames.push(this.frame(this.partial));
    this.partial = '';
    this.isSkipping = true;
  }

  private frame(line: ByteString): Frame {
    return line.length > this.maxLineBytes ? new OverlongLine(line.slice(0, this.maxLineBytes)) : line;
  }
}
