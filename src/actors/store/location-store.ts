import type { ServerId } from '../../protocol/place/ids.js';
import { isReceivedAfter, supersedes, type Location } from '../../protocol/place/location.js';
import { LocationBatch } from '../../protocol/place/location-batch.js';
import { earlierOf, type Instant } from '../../protocol/place/time.js';
import type { Actor, Address, Bus } from '../bus/bus.js';
import type { Clock } from '../ports/clock.js';
import type { StoreLimits } from '../ports/limits.js';
import { LocationTable } from './location-table.js';
import { addresses } from '../addresses.js';
import type { ConnectionMessage } from '../client/messages.js';
import type { ReplicateMessage } from '../replication/messages.js';
import type { AntiEntropyMessage, StoreMessage } from './messages.js';
import type { Random } from '../ports/random.js';
import { AntiEntropy } from './anti-entropy.js';

/** Holds the newest location of each client, sends new ones to the replicators and subscribers, and responds to requests. */
export class LocationStore implements Actor<StoreMessage | AntiEntropyMessage> {
  private readonly table: LocationTable;
  private readonly antiEntropy: AntiEntropy;
  /** Connections with a subscription. While there are none, new locations are not sent to the subscription registry. */
  private readonly subscribers = new Set<Address<ConnectionMessage>>();
  /**
   * The latest time of receipt of an evicted location: of unknown clients, locations received by then are not accepted from neighbours.
   * Read through `currentHorizon`.
   */
  private horizon: Instant | undefined;

  /**
   * @param clock the server's clock, which limits the horizon
   * @param replicators the addresses to which new locations are sent
   */
  constructor(
    private readonly bus: Bus,
    private readonly clock: Clock,
    random: Random,
    private readonly limits: StoreLimits,
    private readonly replicators: readonly Address<ReplicateMessage>[] = [addresses.flood],
  ) {
    this.table = new LocationTable(random);
    this.antiEntropy = new AntiEntropy(this.table);
  }

  receive(message: StoreMessage | AntiEntropyMessage): void {
    switch (message.kind) {
      case 'report':
        return this.learn(message.batch, undefined);
      case 'learned':
        return this.learn(message.batch, message.from);
      case 'restored':
        for (const location of message.batch) this.restore(location);
        return;
      case 'whereis': {
        const location = this.table.get(message.client);
        if (location === undefined) return this.bus.send(addresses.lookup, { ...message, kind: 'lookup' });
        return this.bus.send(message.replyTo, { kind: 'located', requestId: message.requestId, location });
      }
      case 'list': {
        const { replyTo, requestId, from, max } = message;
        return this.bus.send(replyTo, {
          kind: 'listed',
          requestId,
          ...this.table.page(from, max),
          size: this.table.size,
        });
      }
      case 'subscribe':
        this.subscribers.add(message.replyTo);
        return this.bus.send(addresses.subscriptions, { ...message, location: this.table.get(message.client) });
      case 'unsubscribe':
        if (!this.subscribers.has(message.subscriber)) return;
        if (message.client === undefined) this.subscribers.delete(message.subscriber);
        return this.bus.send(addresses.subscriptions, message);
      case 'lookup-requested': {
        const { from, lookup } = message;
        const location = this.table.get(lookup.client);
        if (location === undefined) return this.bus.send(addresses.lookup, { kind: 'peer-lookup', from, lookup });
        return this.bus.send(addresses.flood, { kind: 'send-to', batch: LocationBatch.of([location]), to: from });
      }
      case 'digest-requested': {
        const { neighbour } = message;
        if (message.isNewLink) this.antiEntropy.reset(neighbour);
        const groupHashes = this.table.digest.encodeGroupHashes();
        return this.bus.send(addresses.link(neighbour), {
          kind: 'digest',
          groupHashes,
          horizon: this.currentHorizon(),
        });
      }
      case 'digest-received': {
        const { neighbour, groupHashes, horizon } = message;
        // A horizon ahead of this server's clock counts as now ([PE25]), so a wrong one cannot suppress future locations.
        const differingGroups = this.antiEntropy.compare(
          neighbour,
          groupHashes,
          horizon && earlierOf(horizon, this.clock.now()),
        );
        return this.bus.send(addresses.link(neighbour), { kind: 'digest-compared', differingGroups });
      }
      case 'partitions-received':
        return this.antiEntropy.recordPartitions(message.neighbour, message);
      case 'catch-up':
      case 'next-page': {
        const page = this.antiEntropy.nextPage(message.neighbour);
        return this.bus.send(addresses.flood, {
          kind: 'page',
          batch: LocationBatch.of(page.locations),
          isLast: page.isLast,
          to: message.neighbour,
        });
      }
      default:
        message satisfies never;
    }
  }

  stop(): void {
    this.antiEntropy.clear();
  }

  private learn(received: Iterable<Location>, from: ServerId | undefined): void {
    const locations: Location[] = [];
    try {
      for (const location of received) if (this.accept(location, from)) locations.push(location);
    } finally {
      // Also after an error: locations that are stored must be replicated.
      if (locations.length > 0) {
        const batch = LocationBatch.of(locations);
        this.bus.publish({ kind: 'locations-learned', batch, from });
        for (const replicator of this.replicators) this.bus.send(replicator, { kind: 'replicate', batch, from });
        if (this.subscribers.size > 0) this.bus.send(addresses.subscriptions, { kind: 'learned', batch });
      }
      this.evictExcess();
    }
  }

  /** Stores a location if it is new; returns whether it is. */
  private accept(location: Location, from: ServerId | undefined): boolean {
    const stored = this.table.findStored(location);
    if (stored !== undefined && !supersedes(location, stored)) return false;
    if (stored === undefined && from !== undefined && this.isEvicted(location)) {
      // It is not stored, but pending lookups may use it.
      this.bus.send(addresses.lookup, { kind: 'client-found', location, isFlooded: false });
      return false;
    }
    this.table.put(location, stored);
    if (stored !== undefined) return true;
    this.bus.send(addresses.lookup, { kind: 'client-found', location, isFlooded: true });
    return true;
  }

  /** Stores a location from disk. It is not replicated: neighbours compare stores when their links come up. */
  private restore(location: Location): void {
    const stored = this.table.findStored(location);
    if (stored !== undefined && !supersedes(location, stored)) return;
    this.table.put(location, stored);
    this.evictExcess();
  }

  private isEvicted(location: Location): boolean {
    const horizon = this.currentHorizon();
    return horizon !== undefined && !isReceivedAfter(location, horizon);
  }

  /** Returns the horizon, which is moved back if the clock was set back behind it. */
  private currentHorizon(): Instant | undefined {
    if (this.horizon !== undefined) this.horizon = earlierOf(this.horizon, this.clock.now());
    return this.horizon;
  }

  private evictExcess(): void {
    const { maxClients, maxStoreBytes } = this.limits;
    while (this.table.size > maxClients || this.table.bytes > maxStoreBytes) {
      const oldest = this.table.findEvictionCandidate();
      if (oldest === undefined) return;
      this.table.remove(oldest);
      if (!this.isEvicted(oldest)) this.horizon = oldest.received;
      this.bus.publish({ kind: 'location-evicted', location: oldest });
    }
  }
}
