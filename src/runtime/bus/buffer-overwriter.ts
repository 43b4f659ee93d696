import { LocationBatch } from '../../protocol/place/location-batch.js';
import { Lines } from '../../protocol/text/lines.js';
import { WordBuffer } from '../../protocol/text/word-buffer.js';

/** The byte that replaces all others, so that a use after delivery shows: `?`. */
const filler = 63;

/** What a message or an event may carry in buffers that its sender uses again. */
interface Carrier {
  readonly batch?: unknown;
  readonly lines?: unknown;
  readonly buffer?: unknown;
  readonly start?: unknown;
  readonly end?: unknown;
}

/**
 * Overwrites batches and lines that have been delivered. A receiver that has kept one without a copy then reads question marks at
 * once, instead of the bytes of a later message under load. For simulations, tests, and debugging.
 */
export class BufferOverwriter {
  private readonly batches: LocationBatch[] = [];
  private readonly ranges: { readonly buffer: WordBuffer; readonly start: number; readonly end: number }[] = [];

  /** Notes the buffers of a message or an event. */
  note(carried: unknown): void {
    if (typeof carried !== 'object' || carried === null) return;
    const { batch, lines, buffer, start, end }: Carrier = carried;
    // A batch is carried by several messages in a row.
    if (batch instanceof LocationBatch && batch !== this.batches.at(-1)) this.batches.push(batch);
    if (lines instanceof Lines) this.ranges.push(lines);
    if (buffer instanceof WordBuffer && typeof start === 'number' && typeof end === 'number') {
      this.ranges.push({ buffer, start, end });
    }
  }

  /** Overwrites the noted buffers: all messages have been delivered. */
  overwrite(): void {
    const { ranges, batches } = this;
    if (ranges.length > 0) {
      for (const { buffer, start, end } of ranges) buffer.fill(filler, start, end);
      ranges.length = 0;
    }
    if (batches.length > 0) {
      for (const batch of batches) batch.overwrite(filler);
      batches.length = 0;
    }
  }
}
