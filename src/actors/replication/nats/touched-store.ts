import { LocationBatch } from '../../../protocol/place/location-batch.js';
import { allClients } from '../../../protocol/client/command.js';
import type { ClientId, ServerId } from '../../../protocol/place/ids.js';
import { supersedes, type Location } from '../../../protocol/place/location.js';
import type { Actor, Address, Bus } from '../../bus/bus.js';
import { addresses } from '../../addresses.js';
import type { ConnectionMessage, Unsubscribe, Subscribe } from '../../client/messages.js';
import type { StoreMessage } from '../../store/messages.js';
import type { TouchedStoreMessage } from './messages.js';
import type { StoreLimits } from '../../ports/limits.js';
import type { Random } from '../../ports/random.js';
import { RecentLocations } from './recent-locations.js';

/**
 * The store of a server that holds only clients that it has to do with: that reported to it, that it was asked of, that somebody
 * watches. When it is full, the one that was touched least recently is forgotten; the bucket has it. It alone decides who is
 * held: of the changes that it is told, it takes those of clients that it holds.
 */
export class TouchedStore implements Actor<StoreMessage | TouchedStoreMessage> {
  private readonly held: RecentLocations;
  /** Clients that are watched by name, held or not. */
  private readonly watched = new Set<ClientId>();
  /** Connections that watch. While there are none, nobody is told of what is learned but the spread. */
  private readonly watchers = new Set<Address<ConnectionMessage>>();

  /** @param limits at most half of the places and of the bytes are kept for clients that are watched */
  constructor(
    private readonly bus: Bus,
    random: Random,
    private readonly limits: StoreLimits,
  ) {
    const { maxClients, maxStoreBytes } = limits;
    this.held = new RecentLocations({ clients: Math.floor(maxClients / 2), bytes: maxStoreBytes / 2 }, random);
  }

  receive(message: StoreMessage | TouchedStoreMessage): void {
    switch (message.kind) {
      case 'report':
        for (const { client } of message.batch) this.held.touch(client);
        return this.learn(message.batch, undefined);
      case 'learned':
        return this.learn(message.batch, message.from);
      case 'fetched':
        return this.takeFetched(message.client, message.location);
      case 'restored':
        for (const location of message.batch) this.hold(location);
        return this.makeRoom();
      case 'whereis': {
        const { client, replyTo, requestId } = message;
        this.held.touch(client);
        const location = this.held.get(client);
        if (location === undefined) return this.bus.send(addresses.lookup, { ...message, kind: 'lookup' });
        return this.bus.send(replyTo, { kind: 'located', requestId, location });
      }
      case 'read': {
        const { client, replyTo, requestId } = message;
        const location = this.held.get(client);
        const locations = location === undefined ? [] : [location];
        return this.bus.send(replyTo, { kind: 'listed', requestId, locations, next: undefined, size: this.held.size });
      }
      case 'list': {
        const { replyTo, requestId, from, max } = message;
        const { size } = this.held;
        return this.bus.send(replyTo, { kind: 'listed', requestId, ...this.held.page(from, max), size });
      }
      case 'subscribe':
        return this.passWatch(message);
      case 'unsubscribe':
        return this.passUnwatch(message);
      case 'watched':
        return this.beginWatched(message.client);
      case 'unwatched':
        return this.endWatched(message.client);
      case 'bucket-back':
        // Of those that are held the spread finds out by itself what has changed meanwhile.
        for (const client of this.watched) if (this.held.get(client) === undefined) this.fetch(client);
        return;
      case 'lookup-requested':
        throw new Error(`a partial store has no neighbours, but received ${message.kind}`);
      default:
        message satisfies never;
    }
  }

  stop(): void {
    this.watched.clear();
    this.watchers.clear();
  }

  private learn(told: Iterable<Location>, from: ServerId | undefined): void {
    const locations: Location[] = [];
    try {
      for (const location of told) {
        if (from !== undefined && !this.isOfInterest(location)) continue;
        if (this.take(location)) locations.push(location);
      }
    } finally {
      // Also if one of them broke something: what is held here, the others must hear of.
      if (locations.length > 0) {
        const batch = LocationBatch.of(locations);
        this.bus.publish({ kind: 'locations-learned', batch, from });
        if (from === undefined) this.bus.send(addresses.bucketSpread, { kind: 'replicate', batch, from });
        if (this.watchers.size > 0) this.bus.send(addresses.subscriptions, { kind: 'learned', batch });
      }
      this.makeRoom();
    }
  }

  private isOfInterest(location: Location): boolean {
    return this.held.rivalOf(location) !== undefined || this.watched.has(location.client);
  }

  /** Holds a location from now on, if it is new, and tells whoever waits for its client. */
  private take(location: Location): boolean {
    const taken = this.hold(location);
    if (taken === 'new client') this.bus.send(addresses.lookup, { kind: 'client-found', location, isFlooded: true });
    return taken !== 'nothing new';
  }

  private hold(location: Location): 'nothing new' | 'newer' | 'new client' {
    const { client } = location;
    const known = this.held.rivalOf(location);
    if (known !== undefined && !supersedes(location, known)) return 'nothing new';
    this.held.put(location);
    if (known !== undefined) return 'newer';
    if (this.watched.has(client)) this.held.keep(client);
    return 'new client';
  }

  /** Takes what the bucket was asked for. Whoever waits for it is told of what is held, which may have come on another way. */
  private takeFetched(client: ClientId, fetched: Location | undefined): void {
    const known = this.held.get(client);
    if (fetched !== undefined && this.take(fetched)) {
      this.bus.publish({ kind: 'location-fetched', location: fetched });
      // Of one that was held already, and older, all who watch were told.
      if (known !== undefined || this.watched.has(client)) {
        this.bus.send(addresses.subscriptions, { kind: 'learned', batch: LocationBatch.of([fetched]) });
      }
      this.makeRoom();
      if (known === undefined) return;
    }
    const location = this.held.get(client);
    if (location === undefined) return this.bus.send(addresses.bucketLookup, { kind: 'nowhere', client });
    this.bus.send(addresses.lookup, { kind: 'client-found', location, isFlooded: true });
  }

  private passWatch(question: Subscribe): void {
    const { client, replyTo } = question;
    this.watchers.add(replyTo);
    if (client !== allClients) this.held.touch(client);
    this.bus.send(addresses.subscriptions, { ...question, location: this.held.get(client) });
  }

  private passUnwatch(message: Unsubscribe): void {
    if (!this.watchers.has(message.subscriber)) return;
    if (message.client === undefined) this.watchers.delete(message.subscriber);
    this.bus.send(addresses.subscriptions, message);
  }

  private beginWatched(client: ClientId): void {
    this.watched.add(client);
    if (this.held.get(client) === undefined) this.fetch(client);
    else this.held.keep(client);
  }

  private endWatched(client: ClientId): void {
    this.watched.delete(client);
    this.held.release(client);
    this.bus.send(addresses.bucketSpread, { kind: 'fetch-dropped', client, reason: 'watch' });
  }

  private fetch(client: ClientId): void {
    this.bus.send(addresses.bucketSpread, { kind: 'fetch', client, reason: 'watch' });
  }

  private makeRoom(): void {
    const { maxClients, maxStoreBytes } = this.limits;
    while (this.held.size > maxClients || this.held.bytes > maxStoreBytes) {
      const location = this.held.takeOldest();
      if (location === undefined) return;
      this.bus.publish({ kind: 'location-evicted', location });
    }
  }
}
