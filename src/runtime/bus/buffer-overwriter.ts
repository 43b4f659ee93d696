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
  private readonly batches = new Set<LocationBatch>();
  private readonly ranges: { readonly buffer: WordBuffer; readonly start: number; readonly end: number }[] = [];

  /** Notes the buffers of a message or an event. */
  note(carried: unknown): void {
    if (typeof carried !== 'object' || carried === null) return;
    const { batch, lines, buffer, start, end }: Carrier = carried;
    if (batch instanceof LocationBatch) this.batches.add(batch);
    if (lines instanceof Lines) this.ranges.push(lines);
    if (buffer instanceof WordBuffer && typeof start === 'number' && typeof end === 'number') {
      this.ranges.push({ buffer, start, end });
    }
  }

  /** Overwrites the noted buffers: all messages have been delivered. */
  overwrite(): void {
    for (const { buffer, start, end } of this.ranges) buffer.bytes.fill(filler, start, end);
    for (const batch of this.batches) batch.overwrite(filler);
    this.ranges.length = 0;
    this.batches.clear();
  }
}
