import type { ClientId, ServerId } from '../../protocol/place/ids.js';
import type { LocationBatch } from '../../protocol/place/location-batch.js';
import { leafOf } from '../../protocol/place/digest.js';
import { isReceivedAfter, type Location } from '../../protocol/place/location.js';
import { earlierOf, type Instant } from '../../protocol/place/time.js';
import { BatchPool } from '../bus/batch-pool.js';
import type { Actor, Address, Bus } from '../bus/bus.js';
import type { Clock } from '../ports/clock.js';
import type { StoreLimits } from '../ports/limits.js';
import { LocationTable } from './location-table.js';
import { addresses } from '../addresses.js';
import type { ConnectionMessage } from '../client/messages.js';
import type { ReplicateMessage } from '../replication/messages.js';
import type { AntiEntropyMessage, StoreMessage } from './messages.js';
import type { PartitionStoreMessage } from './partition-messages.js';
import { PartitionStore } from './partition-store.js';
import type { Random } from '../ports/random.js';
import { AntiEntropy } from './anti-entropy.js';
import { noCell } from './cell-allocator.js';

/** Holds the newest location of each client, sends new ones to the replicators and subscribers, and responds to requests. */
export class LocationStore implements Actor<StoreMessage | AntiEntropyMessage | PartitionStoreMessage> {
  private readonly table: LocationTable;
  private readonly antiEntropy: AntiEntropy;
  /** Undefined without replication over NATS. */
  private readonly partitions: PartitionStore | undefined;
  /** Batches of the locations that the store sends by itself. */
  private readonly batches: BatchPool;
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
   * @param partitioning `some`: the store holds the partitions that `partition-state` messages name; `all`: it holds all, and compares
   *   them with servers on NATS; `none`: it is not compared by partition
   */
  constructor(
    private readonly bus: Bus,
    private readonly clock: Clock,
    random: Random,
    private readonly limits: StoreLimits,
    private readonly replicators: readonly Address<ReplicateMessage>[] = [addresses.flood],
    partitioning: 'none' | 'some' | 'all' = 'none',
  ) {
    this.table = new LocationTable(random);
    this.antiEntropy = new AntiEntropy(this.table);
    this.batches = new BatchPool(bus);
    const { table, antiEntropy } = this;
    const horizon = () => this.currentHorizon();
    const notify = (batch: LocationBatch) => this.notifySubscribers(batch);
    const holdsAll = partitioning === 'all';
    this.partitions =
      partitioning === 'none'
        ? undefined
        : new PartitionStore({ bus, clock, random, table, antiEntropy, horizon, notify }, holdsAll);
  }

  receive(message: StoreMessage | AntiEntropyMessage | PartitionStoreMessage): void {
    switch (message.kind) {
      case 'report':
        return this.learn(message.batch, undefined);
      case 'learned':
        return this.learn(message.batch, message.from);
      case 'restored':
        return this.restore(message.batch);
      case 'whereis': {
        const { client, replyTo, requestId } = message;
        const location = this.newestOf(client);
        const isKnown =
          this.partitions?.holdsAll === false ? this.partitions.isComplete(leafOf(client)) : location !== undefined;
        if (!isKnown) return this.bus.send(addresses.lookup, { ...message, kind: 'lookup', known: location });
        return this.bus.send(replyTo, { kind: 'located', requestId, location });
      }
      case 'read': {
        const { replyTo, requestId, client } = message;
        const location = this.table.get(client);
        const locations = location === undefined ? [] : [location];
        return this.bus.send(replyTo, { kind: 'listed', requestId, locations, next: undefined, size: this.table.size });
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
        return this.bus.send(addresses.subscriptions, { ...message, location: this.newestOf(message.client) });
      case 'unsubscribe':
        if (!this.subscribers.has(message.subscriber)) return;
        if (message.client === undefined) this.subscribers.delete(message.subscriber);
        return this.bus.send(addresses.subscriptions, message);
      case 'lookup-requested': {
        const { from, lookup } = message;
        const location = this.table.get(lookup.client);
        if (location === undefined) return this.bus.send(addresses.lookup, { kind: 'peer-lookup', from, lookup });
        const batch = this.batches.acquire();
        batch.append(location);
        return this.bus.send(addresses.flood, { kind: 'send-to', batch, to: from });
      }
      case 'digest-requested': {
        const { neighbour } = message;
        if (message.isNewLink) this.antiEntropy.reset(neighbour);
        const partitionHashes = this.table.digest.encodePartitionHashes();
        return this.bus.send(addresses.link(neighbour), {
          kind: 'digest',
          partitionHashes,
          horizon: this.currentHorizon(),
        });
      }
      case 'digest-received': {
        const { neighbour, partitionHashes, horizon } = message;
        // A horizon ahead of this server's clock counts as now ([PE25]), so a wrong one cannot suppress future locations.
        const differingPartitions = this.antiEntropy.compare(
          neighbour,
          partitionHashes,
          horizon && earlierOf(horizon, this.clock.now()),
        );
        return this.bus.send(addresses.link(neighbour), { kind: 'digest-compared', differingPartitions });
      }
      case 'leaves-received':
        return this.antiEntropy.recordLeaves(message.neighbour, message);
      case 'catch-up':
      case 'next-page': {
        const batch = this.batches.acquire();
        const isLast = this.antiEntropy.nextPage(message.neighbour, batch);
        return this.bus.send(addresses.flood, { kind: 'page', batch, to: message.neighbour, isLast });
      }
      default:
        this.partitions?.receive(message);
        // Locations of watched clients may have been added.
        if (message.kind === 'observed') this.evictExcess();
    }
  }

  stop(): void {
    this.antiEntropy.clear();
  }

  /** Stores what is new of a batch. The batch then contains only that, and is sent on. */
  private learn(batch: LocationBatch, from: ServerId | undefined): void {
    const { count } = batch;
    let accepted = 0;
    try {
      for (let row = 0; row < count; row += 1) {
        if (!this.accept(batch, row, from)) continue;
        if (row > accepted) batch.moveRow(row, accepted);
        accepted += 1;
      }
    } finally {
      // Also after an error: locations that are stored must be replicated.
      batch.truncate(accepted);
      if (accepted > 0) {
        this.bus.publish({ kind: 'locations-learned', batch, from });
        for (const replicator of this.replicators) this.bus.send(replicator, { kind: 'replicate', batch, from });
        this.notifySubscribers(batch);
      }
      this.evictExcess();
    }
  }

  private notifySubscribers(batch: LocationBatch): void {
    if (this.subscribers.size > 0) this.bus.send(addresses.subscriptions, { kind: 'learned', batch });
  }

  /** Stores the location of a row if it is new; returns whether it is. */
  private accept(batch: LocationBatch, row: number, from: ServerId | undefined): boolean {
    const { partitions, table } = this;
    const stored = table.find(batch, row);
    if (stored !== noCell && !table.isSuperseded(stored, batch, row)) return false;
    if (partitions !== undefined) {
      const leaf = batch.leaf(row);
      const isRetained = from === undefined && partitions.retains(leaf) && partitions.unheld.report(batch, row);
      if (!partitions.holds(leaf)) return isRetained;
    }
    if (stored !== noCell) {
      table.put(batch, row, stored);
      return true;
    }
    const location = batch.location(row);
    const isAccepted = from === undefined || !this.isEvicted(location);
    if (isAccepted) table.put(batch, row, noCell);
    // Pending lookups may also use a location that is not stored.
    this.bus.send(addresses.lookup, { kind: 'client-found', location, isFlooded: isAccepted });
    return isAccepted;
  }

  /** Stores locations from disk. They are not replicated: neighbours compare stores when their links come up. */
  private restore(batch: LocationBatch): void {
    for (let row = 0; row < batch.count; row += 1) {
      const stored = this.table.find(batch, row);
      if (stored !== noCell && !this.table.isSuperseded(stored, batch, row)) continue;
      this.table.put(batch, row, stored);
      this.evictExcess();
    }
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

  /** Returns the newest location of a client that is known here. */
  private newestOf(client: ClientId): Location | undefined {
    return this.partitions === undefined ? this.table.get(client) : this.partitions.get(client);
  }

  private evictExcess(): void {
    const { maxClients, maxStoreBytes } = this.limits;
    const { table } = this;
    const unheld = this.partitions?.unheld;
    while (table.size + (unheld?.size ?? 0) > maxClients || table.bytes + (unheld?.bytes ?? 0) > maxStoreBytes) {
      const oldest = table.findEvictionCandidate();
      if (unheld?.evictOne(oldest === noCell ? undefined : table.receiptTime(oldest)) === true) continue;
      if (oldest === noCell) return;
      const location = this.table.location(oldest);
      this.table.remove(oldest);
      if (!this.isEvicted(location)) this.horizon = location.received;
      this.bus.publish({ kind: 'location-evicted', location, reason: 'full' });
    }
  }
}
