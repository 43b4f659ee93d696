import { partitionOfLeaf } from '../../../protocol/place/digest.js';
import type { LocationBatch } from '../../../protocol/place/location-batch.js';
import { PeerAtScanner } from '../../../protocol/peer/scan-at.js';

const CR = 13;

/** Reads the AT lines of messages, into batches of all locations that were received in a turn. */
export class LocationReceiver {
  private readonly scanner = new PeerAtScanner(undefined);

  /** @param maxLineBytes maximum length of a line */
  constructor(private readonly maxLineBytes: number) {}

  /**
   * Adds the lines of a payload to a batch.
   * @param start where the first line begins
   * @returns the number of lines that are not valid locations of clients in the partition, which are skipped
   */
  read(payload: Uint8Array, start: number, partition: number, batch: LocationBatch): number {
    const from = batch.end;
    const buffer = batch.reserve(payload.length - start + 1);
    buffer.bytes.set(payload.subarray(start), from);
    const end = from + payload.length - start;
    batch.use(end);
    let invalid = 0;
    for (let lineStart = from; lineStart < end;) {
      const found = buffer.findLineEnd(lineStart, end);
      const lineEnd = found < 0 ? end : found;
      const { count } = batch;
      const isValid =
        lineEnd - lineStart <= this.maxLineBytes &&
        buffer.view.getUint8(Math.max(lineStart, lineEnd - 1)) !== CR &&
        this.scanner.scan(lineStart, lineEnd, batch);
      if (!isValid || partitionOfLeaf(batch.leaf(count)) !== partition) {
        batch.truncate(count);
        invalid += 1;
      }
      lineStart = lineEnd + 1;
    }
    return invalid;
  }
}
