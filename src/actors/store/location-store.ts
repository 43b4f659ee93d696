import type { ServerId } from '../../protocol/place/ids.js';
import { isReceivedAfter, supersedes, type Location } from '../../protocol/place/location.js';
import { earlierOf, type Instant } from '../../protocol/place/time.js';
import type { Actor, Address, Bus } from '../bus/bus.js';
import type { Clock } from '../ports/clock.js';
import type { StoreLimits } from '../ports/limits.js';
import { LocationTable } from './location-table.js';
import { addresses, type ConnectionMessage, type SpreadMessage, type StoreMessage } from '../bus/messages.js';
import type { Random } from '../ports/random.js';
import { Repair } from './anti-entropy.js';

/** The only owner of locations. Keeps the newest of each client, tells what spreads it what is new, answers where a client is. */
export class LocationStore implements Actor<StoreMessage> {
  private readonly table: LocationTable;
  private readonly repair: Repair;
  /** Connections that watch. While there are none, only what spreads locations is told of what is learned. */
  private readonly watchers = new Set<Address<ConnectionMessage>>();
  /**
   * The latest time of receipt of a location that was evicted: nothing received by then is taken from neighbours for a client that is
   * not held. Read through `horizonNow`.
   */
  private horizon: Instant | undefined;

  /**
   * @param clock the server's, which the horizon never passes
   * @param spreads what is told of all that is new
   */
  constructor(
    private readonly bus: Bus,
    private readonly clock: Clock,
    random: Random,
    private readonly limits: StoreLimits,
    private readonly spreads: readonly Address<SpreadMessage>[] = [addresses.flood],
  ) {
    this.table = new LocationTable(random);
    this.repair = new Repair(this.table);
  }

  receive(message: StoreMessage): void {
    switch (message.kind) {
      case 'report':
        return this.learn(message.locations, undefined);
      case 'learned':
        return this.learn(message.locations, message.from);
      case 'remembered':
        for (const location of message.locations) this.remember(location);
        return;
      case 'whereis': {
        const { replyTo, question } = message;
        return this.bus.send(replyTo, { kind: 'located', question, location: this.table.get(message.client) });
      }
      case 'list': {
        const { replyTo, question, from, max } = message;
        return this.bus.send(replyTo, {
          kind: 'listed',
          question,
          ...this.table.page(from, max),
          size: this.table.size,
        });
      }
      case 'watch':
        this.watchers.add(message.replyTo);
        return this.bus.send(addresses.watch, { ...message, location: this.table.get(message.client) });
      case 'unwatch':
        if (!this.watchers.has(message.watcher)) return;
        if (message.client === undefined) this.watchers.delete(message.watcher);
        return this.bus.send(addresses.watch, message);
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
        return this.bus.send(addresses.link(neighbour), { kind: 'digest', groups, horizon: this.horizonNow() });
      }
      case 'compare': {
        const { neighbour, groups, horizon } = message;
        // A horizon beyond our clock counts as now ([PE25]): one that lies keeps nothing from a neighbour but what it had before.
        const told = this.repair.compare(neighbour, groups, horizon && earlierOf(horizon, this.clock.now()));
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

  private learn(told: readonly Location[], from: ServerId | undefined): void {
    const locations: Location[] = [];
    try {
      for (const location of told) if (this.take(location, from)) locations.push(location);
    } finally {
      // Also if one of them broke something: what is held here, the neighbours must hear of.
      if (locations.length > 0) {
        this.bus.publish({ kind: 'locations-learned', locations, from });
        for (const spread of this.spreads) this.bus.send(spread, { kind: 'spread', locations, from });
        if (this.watchers.size > 0) this.bus.send(addresses.watch, { kind: 'learned', locations });
      }
      this.makeRoom();
    }
  }

  /** Holds a location from now on, if it is new. */
  private take(location: Location, from: ServerId | undefined): boolean {
    const known = this.table.rivalOf(location);
    if (known !== undefined && !supersedes(location, known)) return false;
    if (known === undefined && from !== undefined && this.isForgotten(location)) {
      // Not worth its room, but whoever is asking for it may have it.
      this.bus.send(addresses.seeker, { kind: 'appeared', location, spread: false });
      return false;
    }
    this.table.put(location, known);
    if (known !== undefined) return true;
    this.bus.send(addresses.seeker, { kind: 'appeared', location, spread: true });
    return true;
  }

  /** Takes what was known before this start. Nobody is told: the neighbours compare when their links come up. */
  private remember(location: Location): void {
    const known = this.table.rivalOf(location);
    if (known !== undefined && !supersedes(location, known)) return;
    this.table.put(location, known);
    this.makeRoom();
  }

  private isForgotten(location: Location): boolean {
    const horizon = this.horizonNow();
    return horizon !== undefined && !isReceivedAfter(location, horizon);
  }

  /** The horizon; if the clock was set back behind it, it is as early as the clock from then on. */
  private horizonNow(): Instant | undefined {
    if (this.horizon !== undefined) this.horizon = earlierOf(this.horizon, this.clock.now());
    return this.horizon;
  }

  private makeRoom(): void {
    const { clientsMax, storeBytesMax } = this.limits;
    while (this.table.size > clientsMax || this.table.bytes > storeBytesMax) {
      const oldest = this.table.findOld();
      if (oldest === undefined) return;
      this.table.remove(oldest);
      if (!this.isForgotten(oldest)) this.horizon = oldest.received;
      this.bus.publish({ kind: 'location-forgotten', location: oldest });
    }
  }
}
