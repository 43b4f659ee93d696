import type { Actor, Bus } from '../../src/actors/bus/bus.js';
import type { SeekerMessage } from '../../src/actors/bus/messages.js';
import type { ClientId } from '../../src/protocol/place/ids.js';
import type { Location } from '../../src/protocol/place/location.js';

/** A herd that is asked for a client and says at once what it knows: nothing, unless the test tells it something. */
export class FakeSeeker implements Actor<SeekerMessage> {
  readonly known = new Map<ClientId, Location>();
  /** The clients that the herd was asked for. */
  readonly asked: ClientId[] = [];

  constructor(private readonly bus: Bus) {}

  receive(message: SeekerMessage): void {
    if (message.kind !== 'seek') return;
    const { replyTo, question, client } = message;
    this.asked.push(client);
    this.bus.send(replyTo, { kind: 'located', question, location: this.known.get(client) });
  }

  stop(): void {
    this.known.clear();
  }
}
