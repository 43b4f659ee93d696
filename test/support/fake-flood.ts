import type { Actor } from '../../src/actors/bus/bus.js';
import type { FloodMessage } from '../../src/actors/replication/messages.js';
import type { ServerId } from '../../src/protocol/place/ids.js';
import type { LocationBatch } from '../../src/protocol/place/location-batch.js';
import type { ByteString } from '../../src/protocol/text/bytes.js';

/** A message to the flood with the lines of its batch, which is valid only until the bus is idle. */
export type FloodRecord = FloodMessage extends infer Message
  ? Message extends { readonly batch: LocationBatch }
    ? Omit<Message, 'batch'> & { readonly lines: readonly ByteString[] }
    : never
  : never;

/** Records what a store replicates, and the pages of catch-ups. */
export class FakeFlood implements Actor<FloodMessage> {
  private records: FloodRecord[] = [];

  receive({ batch, ...message }: FloodMessage): void {
    this.records.push({ ...message, lines: linesOf(batch) });
  }

  stop(): void {
    this.records = [];
  }

  /** Returns what was received since the last call. */
  take(): FloodRecord[] {
    return this.records.splice(0);
  }

  /** Returns the pages that were received since the last call of this method or `take`. */
  takePages(): Extract<FloodRecord, { kind: 'page' }>[] {
    return this.take().filter((record) => record.kind === 'page');
  }
}

/** Returns the AT lines of a batch. */
export function linesOf(batch: LocationBatch): ByteString[] {
  return Array.from(batch, ({ line }) => line);
}

/** Returns the `replicate` message of lines as a record. */
export function replicated(lines: readonly ByteString[], from: ServerId | undefined): FloodRecord {
  return { kind: 'replicate', lines, from };
}
