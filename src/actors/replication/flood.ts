import type { ServerId } from '../../protocol/place/ids.js';
import type { LocationBatch } from '../../protocol/place/location-batch.js';
import { WordBuffer } from '../../protocol/text/word-buffer.js';
import { BatchPool } from '../bus/batch-pool.js';
import type { Actor, Address, Bus } from '../bus/bus.js';
import { addresses } from '../addresses.js';
import type { FloodMessage } from './messages.js';
import type { LinkMessage } from '../peer/messages.js';

/**
 * Returns the neighbours to which new locations are sent: all but the one that sent them. The server that received the report is not
 * excluded if another neighbour forwarded it: it may have lost the location in a restart.
 *
 * @param from the neighbour that sent the locations; undefined if a client reported them
 */
export function selectRecipients(from: ServerId | undefined, neighbours: readonly ServerId[]): ServerId[] {
  return neighbours.filter((neighbour) => neighbour !== from);
}

/** Floods new locations to the neighbours. Their lines are written once, for all neighbours. */
export class Flood implements Actor<FloodMessage> {
  /** Addresses of the links, created once because every location needs them. */
  private readonly links: ReadonlyMap<ServerId, Address<LinkMessage>>;
  /** What stands behind each forwarded AT line: this server as its forwarder. */
  private readonly suffix: WordBuffer;
  private readonly pool: BatchPool;

  constructor(
    private readonly bus: Bus,
    self: ServerId,
    private readonly neighbours: readonly ServerId[],
  ) {
    this.links = new Map(neighbours.map((neighbour) => [neighbour, addresses.link(neighbour)]));
    this.suffix = WordBuffer.of(` ${self}`);
    this.pool = new BatchPool(bus);
  }

  receive(message: FloodMessage): void {
    switch (message.kind) {
      case 'replicate':
        return this.replicate(message.batch, message.from);
      case 'send-to':
        return this.bus.send(this.linkTo(message.to), { kind: 'forward', batch: this.forwarded(message.batch) });
      case 'page': {
        const { batch, isLast, to } = message;
        return this.bus.send(this.linkTo(to), { kind: 'page', batch: this.forwarded(batch), isLast });
      }
      default:
        message satisfies never;
    }
  }

  stop(): void {
    // It has no resources.
  }

  private replicate(received: LocationBatch, from: ServerId | undefined): void {
    const recipients = selectRecipients(from, this.neighbours);
    if (recipients.length === 0) return;
    const batch = this.forwarded(received);
    for (const neighbour of recipients) this.bus.send(this.linkTo(neighbour), { kind: 'forward', batch });
  }

  private forwarded(batch: LocationBatch): LocationBatch {
    const forwarded = this.pool.acquire();
    for (let row = 0; row < batch.count; row += 1) forwarded.appendRow(batch, row, this.suffix);
    return forwarded;
  }

  private linkTo(neighbour: ServerId): Address<LinkMessage> {
    return this.links.get(neighbour) ?? addresses.link(neighbour);
  }
}
