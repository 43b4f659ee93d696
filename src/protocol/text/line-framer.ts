import { flatCopy, type ByteString } from './bytes.js';

/** A line longer than the limit: its first bytes; the rest of it is skipped. */
export class OverlongLine {
  constructor(readonly start: ByteString) {}
}

/** What a stream of bytes is cut into: whole lines without their line ends, or the start of a line over the limit. */
export type Frame = ByteString | OverlongLine;

const CR = 13;

/** Pieces of a line after which they are made one: each by itself costs memory, and making them one costs time. */
const maxPieces = 256;

/**
 * Cuts one stream of bytes into lines, whatever chunks it comes in. Holds at most one line of the allowed length. A line
 * over the limit is reported as soon as it is known to be one. One framer a stream.
 */
export class LineFramer {
  private partial: ByteString = '';
  private pieceCount = 0;
  /** Whether the rest of an overlong line is being skipped. */
  private isSkipping = false;

  /** @param maxLineBytes the longest line, without its line end, that is passed on whole */
  constructor(private readonly maxLineBytes: number) {}

  /** Takes the next bytes; returns the frames that they complete, in order. */
  push(chunk: Buffer): Frame[] {
    return this.pushText(chunk.toString('latin1'));
  }

  /** The same, for bytes that are latin1 text already. */
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

  /** The end of the stream ends the last line, if there is one. A CR before it is not part of a line end. */
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
    // One byte more than a CR could explain is enough to know.
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
