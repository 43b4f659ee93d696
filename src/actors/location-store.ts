import type { ServerId } from '../protocol/ids.js';
import { keepable, supersedes, type Location } from '../protocol/location.js';
import { compareInstants, type Instant } from '../protocol/time.js';
import type { Actor, Bus } from './bus.js';
import { LocationTable } from './location-table.js';
import { addresses, type StoreMessage } from './messages.js';
import { Repair } from './repair.js';

/** The only owner of locations. Keeps the newest of each client, tells flood what is new, answers where a client is. */
export class LocationStore implements Actor<StoreMessage> {
  private readonly table = new LocationTable();
  private readonly repair = new Repair(this.table);
  /** The newest moment of a location that was forgotten for want of room: nothing as old is taken from neighbours again. */
  private horizon: Instant | undefined;

  /** @param clientsMax clients whose location is kept */
  constructor(
    private readonly bus: Bus,
    private readonly clientsMax: number,
  ) {}

  receive(message: StoreMessage): void {
    switch (message.kind) {
      case 'report':
        return this.learn(message.location, undefined);
      case 'learned':
        return this.learn(message.location, message.from);
      case 'remembered':
        this.bus.publish({ kind: 'locations-remembered', locations: message.locations });
        for (const location of message.locations) this.remember(location);
        return;
      case 'whereis': {
        const { replyTo, question } = message;
        return this.bus.send(replyTo, { kind: 'located', question, location: this.table.get(message.client) });
      }
      case 'sought': {
        const { from, seek } = message;
        const location = this.table.get(seek.client);
        if (location === undefined) return this.bus.send(addresses.seeker, { kind: 'seek-heard', from, seek });
        return this.bus.send(addresses.flood, { kind: 'tell', location, to: from });
      }
      case 'describe': {
        const { neighbour } = message;
        if (message.anew) this.repair.begin(neighbour);
        const groups = this.table.digest.describeGroups();
        return this.bus.send(addresses.link(neighbour), { kind: 'digest', groups, horizon: this.horizon });
      }
      case 'compare': {
        const { neighbour, groups, horizon } = message;
        const told = this.repair.compare(neighbour, groups, horizon);
        return this.bus.send(addresses.link(neighbour), { kind: 'compared', told });
      }
      case 'buckets-told':
        return this.repair.noteBuckets(message.neighbour, message);
      case 'catch-up':
      case 'next-page': {
        const page = this.repair.nextPage(message.neighbour);
        return this.bus.send(addresses.link(message.neighbour), { kind: 'page', ...page });
      }
      default:
        message satisfies never;
    }
  }

  stop(): void {
    this.repair.clear();
  }

  private learn(location: Location, from: ServerId | undefined): void {
    const known = this.table.get(location.client);
    if (known !== undefined && !supersedes(location, known)) return;
    if (known === undefined && from !== undefined && this.isForgotten(location)) {
      // Not worth its room, but whoever is asking for it may have it.
      return this.bus.send(addresses.seeker, { kind: 'appeared', location, spread: false });
    }
    const kept = keepable(location);
    this.bus.send(addresses.flood, { kind: 'spread', location: kept, from });
    this.bus.publish({ kind: 'location-learned', location: kept, from });
    this.table.put(kept, known);
    if (known !== undefined) return;
    this.bus.send(addresses.seeker, { kind: 'appeared', location: kept, spread: true });
    if (this.table.size > this.clientsMax) this.forget();
  }

  /** Takes what was known before this start. Nobody is told: the neighbours compare when their links come up. */
  private remember(location: Location): void {
    const known = this.table.get(location.client);
    if (known !== undefined && !supersedes(location, known)) return;
    this.table.put(keepable(location), known);
    if (this.table.size > this.clientsMax) this.forget();
  }

  private isForgotten(location: Location): boolean {
    return this.horizon !== undefined && compareInstants(location.instant, this.horizon) <= 0;
  }

  private forget(): void {
    const oldest = this.table.findOld();
    if (oldest === undefined) return;
    this.table.remove(oldest);
    if (!this.isForgotten(oldest)) this.horizon = oldest.instant;
    this.bus.publish({ kind: 'location-forgotten', location: oldest });
  }
}
