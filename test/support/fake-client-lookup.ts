import type { Actor, Bus } from '../../src/actors/bus/bus.js';
import type { LookupMessage } from '../../src/actors/replication/messages.js';
import type { ClientId } from '../../src/protocol/place/ids.js';
import type { Location } from '../../src/protocol/place/location.js';

/** A herd that is asked for a client and says at once what it knows: nothing, unless the test tells it something. */
export class FakeClientLookup implements Actor<LookupMessage> {
  readonly locations = new Map<ClientId, Location>();
  /** The clients that the herd was asked for. */
  readonly requested: ClientId[] = [];

  constructor(private readonly bus: Bus) {}

  receive(message: LookupMessage): void {
    if (message.kind !== 'lookup') return;
    const { replyTo, requestId, client } = message;
    this.requested.push(client);
    this.bus.send(replyTo, { kind: 'located', requestId, location: this.locations.get(client) });
  }

  stop(): void {
    this.locations.clear();
  }
}
