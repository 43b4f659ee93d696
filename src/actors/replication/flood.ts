import type { ServerId } from '../../protocol/place/ids.js';
import type { Location } from '../../protocol/place/location.js';
import { formatPeerAt } from '../../protocol/peer/peer-line.js';
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

/** Floods new locations to the neighbours. Lines are formatted once for all neighbours. */
export class Flood implements Actor<FloodMessage> {
  /** Addresses of the links, created once because every location needs them. */
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
    // It has no resources.
  }

  private sendTo(neighbours: readonly ServerId[], locations: readonly Location[]): void {
    if (neighbours.length === 0) return;
    const lines = locations.map((location) => formatPeerAt(location, this.self));
    for (const neighbour of neighbours) {
      this.bus.send(this.links.get(neighbour) ?? addresses.link(neighbour), { kind: 'forward', locations, lines });
    }
  }
}
