import type { ServerId } from '../../protocol/place/ids.js';
import type { Location } from '../../protocol/place/location.js';
import { formatPeerAt } from '../../protocol/peer/peer-line.js';
import type { Actor, Address, Bus } from '../bus/bus.js';
import { addresses } from '../addresses.js';
import type { FloodMessage } from './messages.js';
import type { LinkMessage } from '../peer/messages.js';

/**
 * Whom to tell of a new location: every neighbour but the one it came from. The server that first got it is told as well,
 * where it is a neighbour and somebody else told us: it may have lost it in a restart, and most likely it has told us first.
 *
 * @param from the neighbour that told us; undefined if a client did
 */
export function selectRecipients(from: ServerId | undefined, neighbours: readonly ServerId[]): ServerId[] {
  return neighbours.filter((neighbour) => neighbour !== from);
}

/** Passes on what is new. Its lines are put together once, however many neighbours there are. */
export class Flood implements Actor<FloodMessage> {
  /** Where the link to each neighbour is reached: made once, for each is needed for every location. */
  private readonly links: ReadonlyMap<ServerId, Address<LinkMessage>>;

  constructor(
    private readonly bus: Bus,
    private readonly self: ServerId,
    private readonly neighbours: readonly ServerId[],
  ) {
    this.links = new Map(neighbours.map((neighbour) => [neighbour, addresses.link(neighbour)]));
  }

  receive(message: FloodMessage): void {
    switch (message.kind) {
      case 'replicate':
        return this.sendTo(selectRecipients(message.from, this.neighbours), message.locations);
      case 'send-to':
        return this.sendTo([message.to], [message.location]);
      default:
        message satisfies never;
    }
  }

  stop(): void {
    // It holds nothing.
  }

  private sendTo(neighbours: readonly ServerId[], locations: readonly Location[]): void {
    if (neighbours.length === 0) return;
    const lines = locations.map((location) => formatPeerAt(location, this.self));
    for (const neighbour of neighbours) {
      this.bus.send(this.links.get(neighbour) ?? addresses.link(neighbour), { kind: 'forward', locations, lines });
    }
  }
}
