import type { Instant } from '../../protocol/place/time.js';
import type { LineRegion } from '../../protocol/text/line-input.js';
import { WordBuffer } from '../../protocol/text/word-buffer.js';

/** Lines of a client that were received together and are handled one by one. */
export class ReceivedLines {
  buffer: WordBuffer;
  /** Start of the next line to be handled. */
  at: number;
  /** End of the last line, behind its LF. */
  end: number;
  /** End of the lines that were published as received. */
  publishedTo: number;
  /** Whether the only line has no line end of its own: see `LineRegion`. */
  readonly isUnterminated: boolean;
  private isKept = false;

  /** @param receivedAt when the last line was complete */
  constructor(
    { buffer, start, end, isUnterminated }: LineRegion,
    readonly receivedAt: Instant,
  ) {
    this.buffer = buffer;
    this.at = start;
    this.publishedTo = start;
    this.end = end;
    this.isUnterminated = isUnterminated;
  }

  /** Copies the lines that have not been handled, so that they outlive the buffer that they were received or published in. */
  keep(): void {
    if (this.isKept) return;
    const { buffer, at, end, publishedTo } = this;
    this.buffer = new WordBuffer(end - at);
    buffer.bytes.copy(this.buffer.bytes, 0, at, end);
    this.at = 0;
    this.end = end - at;
    this.publishedTo = publishedTo - at;
    this.isKept = true;
  }
}
