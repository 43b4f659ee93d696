import type { ClientId, ServerId } from '../protocol/ids.js';
import { keepable, supersedes, type Location } from '../protocol/location.js';
import type { Actor, Bus } from './bus.js';
import { addresses, type StoreMessage } from './messages.js';

/** Locations in a page of a catch-up: few enough that a page does not hold up the commands of clients. */
const pageLocationsMax = 500;

/** Walks over the locations that the store held when a neighbour asked for them. */
interface CatchUp {
  readonly rest: Iterator<Location>;
  left: number;
}

/** The only owner of locations. Keeps the newest of each client, tells flood what is new, answers where a client is. */
export class LocationStore implements Actor<StoreMessage> {
  private readonly locations = new Map<ClientId, Location>();
  private readonly catchUps = new Map<ServerId, CatchUp>();

  constructor(private readonly bus: Bus) {}

  receive(message: StoreMessage): void {
    switch (message.kind) {
      case 'report':
        return this.learn(message.location, undefined);
      case 'learned':
        return this.learn(message.location, message.from);
      case 'whereis': {
        const { replyTo, question } = message;
        return this.bus.send(replyTo, { kind: 'located', question, location: this.locations.get(message.client) });
      }
      case 'catch-up': {
        // A Map's iterator sees what is added while it walks, last: the count leaves that to flood.
        const rest = this.locations.values();
        this.catchUps.set(message.neighbour, { rest, left: this.locations.size });
        return this.sendPage(message.neighbour);
      }
      case 'next-page':
        return this.sendPage(message.neighbour);
      default:
        message satisfies never;
    }
  }

  stop(): void {
    this.catchUps.clear();
  }

  private learn(location: Location, from: ServerId | undefined): void {
    const known = this.locations.get(location.client);
    if (known !== undefined && !supersedes(location, known)) return;
    const kept = keepable(location);
    this.bus.send(addresses.flood, { kind: 'spread', location: kept, from });
    this.bus.publish({ kind: 'location-learned', location: kept, from });
    this.locations.set(kept.client, kept);
  }

  private sendPage(neighbour: ServerId): void {
    const catchUp = this.catchUps.get(neighbour);
    if (catchUp === undefined) return;
    const locations: Location[] = [];
    while (locations.length < pageLocationsMax && catchUp.left > 0) {
      const next = catchUp.rest.next();
      if (next.done === true) break;
      catchUp.left -= 1;
      locations.push(next.value);
    }
    const last = locations.length < pageLocationsMax;
    if (last) this.catchUps.delete(neighbour);
    this.bus.send(addresses.link(neighbour), { kind: 'page', locations, last });
  }
}
