import type { ClientId, ServerId } from '../../protocol/place/ids.js';
import { pickNewer, type Location } from '../../protocol/place/location.js';
import { LocationBatch } from '../../protocol/place/location-batch.js';
import { leafOf, partitionOfLeaf } from '../../protocol/place/digest.js';
import { allPartitions, PartitionSet } from '../../protocol/place/partition-set.js';
import { earlierOf, type Instant } from '../../protocol/place/time.js';
import { addresses } from '../addresses.js';
import { viaNats } from '../replication/messages.js';
import { BatchPool } from '../bus/batch-pool.js';
import type { Bus } from '../bus/bus.js';
import type { Clock } from '../ports/clock.js';
import type { Random } from '../ports/random.js';
import type { AntiEntropy } from './anti-entropy.js';
import { noCell } from './cell-allocator.js';
import type { LocationTable } from './location-table.js';
import type { PartitionStoreMessage } from './partition-messages.js';
import { UnheldLocations } from './unheld-locations.js';

type PartitionState = Extract<PartitionStoreMessage, { kind: 'partition-state' }>;

/** Retained reports in a page. */
const maxRetainedPage = 500;

/** What the partitions of a store need of it. */
export interface PartitionStoreDependencies {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  readonly table: LocationTable;
  readonly antiEntropy: AntiEntropy;
  /** Returns the latest time of receipt that the store has evicted. */
  readonly horizon: () => Instant | undefined;
  /** Sends locations of clients that are watched to their subscribers. */
  readonly notify: (batch: LocationBatch) => void;
}

/** The part of a store that serves replication by partitions. */
export class PartitionStore {
  readonly unheld: UnheldLocations;
  private readonly held = new PartitionSet();
  private readonly complete = new PartitionSet();
  private readonly leaving = new PartitionSet();
  private readonly batches: BatchPool;

  /** @param holdsAll whether the store holds all partitions, whatever their states */
  constructor(
    private readonly dependencies: PartitionStoreDependencies,
    readonly holdsAll: boolean,
  ) {
    this.unheld = new UnheldLocations(dependencies.random);
    this.batches = new BatchPool(dependencies.bus);
  }

  /** Whether the store holds the partition of a leaf. */
  holds(leaf: number): boolean {
    return this.holdsAll || this.held.has(partitionOfLeaf(leaf));
  }

  /** Whether reports in the partition of a leaf are retained until its holders have them. */
  retains(leaf: number): boolean {
    return !this.holds(leaf) || this.leaving.has(partitionOfLeaf(leaf));
  }

  /** Whether the store holds all locations of the partition of a leaf. */
  isComplete(leaf: number): boolean {
    return this.complete.has(partitionOfLeaf(leaf));
  }

  /** Returns the newest location of a client that is known here. */
  get(client: ClientId): Location | undefined {
    const stored = this.dependencies.table.get(client);
    const other = this.unheld.get(client);
    return stored === undefined ? other : pickNewer(stored, other);
  }

  receive(message: PartitionStoreMessage): void {
    const { bus, table, antiEntropy, clock } = this.dependencies;
    switch (message.kind) {
      case 'partition-state':
        return this.changeState(message);
      case 'hash-partitions': {
        const { partitions, request } = message;
        const hashes = partitions.map((partition) => [partition, table.digest.partitionHash(partition)] as const);
        return bus.send(addresses.nats, { kind: 'partition-hashes', hashes, request });
      }
      case 'hash-leaves': {
        const { partition, from } = message;
        const leafHashes = table.digest.encodeLeafHashes(partition);
        const horizon = this.dependencies.horizon();
        return bus.send(addresses.nats, { kind: 'leaf-hashes', partition, leafHashes, from, horizon });
      }
      case 'pull': {
        const { by, partition, horizon, maxBytes } = message;
        const remote = `${by} ${partition}`;
        antiEntropy.reset(remote);
        // A horizon ahead of this server's clock counts as now ([PE25]).
        antiEntropy.setHorizon(remote, horizon && earlierOf(horizon, clock.now()));
        antiEntropy.recordLeaves(remote, message);
        return this.sendPage({ by, partition, maxBytes });
      }
      case 'pull-next':
        return this.sendPage(message);
      case 'observed':
        return this.observe(message.batch);
      case 'watch':
        return this.unheld.watch(message.client, this.get(message.client));
      case 'unwatch':
        return this.unheld.unwatch(message.client);
      case 'rotate-retained':
        return this.unheld.rotate();
      case 'list-retained': {
        const { locations, next } = this.unheld.page(message.cursor, maxRetainedPage);
        const listed = locations.filter(({ client }) => message.partitions.has(partitionOfLeaf(leafOf(client))));
        return bus.send(addresses.nats, { kind: 'retained-page', batch: LocationBatch.of(listed), next });
      }
      case 'pulls-ended':
        for (const partition of allPartitions) antiEntropy.reset(`${message.by} ${partition}`);
        return;
      case 'remote-lookup': {
        const { client, replyTo } = message;
        return bus.send(addresses.nats, { kind: 'remote-lookup-done', location: this.get(client), replyTo });
      }
      default:
        message satisfies never;
    }
  }

  private changeState({ partition, isHeld, isLeaving, isComplete }: PartitionState): void {
    if (this.holdsAll) return;
    const { bus, table } = this.dependencies;
    this.complete.set(partition, isComplete);
    this.leaving.set(partition, isLeaving);
    if (!this.held.set(partition, isHeld)) {
      // Locations that were on disk may be in a partition that was never held.
      if (isHeld || table.digest.isUntouched(partition)) return;
    }
    if (isHeld) return this.adoptRetained(partition);
    const removed = table.removePartition(partition);
    if (this.unheld.isWatching) {
      const batch = LocationBatch.of(removed);
      for (let row = 0; row < batch.count; row += 1) this.unheld.recordSent(batch, row);
    }
    for (const location of removed) bus.publish({ kind: 'location-evicted', location, reason: 'moved' });
  }

  /** Stores what is known of a partition that is held from now on: subscribers must not be sent it again, or anything older. */
  private adoptRetained(partition: number): void {
    const { table, bus } = this.dependencies;
    const batch = this.batches.acquire();
    this.unheld.collect(partition, batch);
    let accepted = 0;
    for (let row = 0; row < batch.count; row += 1) {
      const stored = table.find(batch, row);
      if (stored !== noCell && !table.isSuperseded(stored, batch, row)) continue;
      table.put(batch, row, stored);
      if (row > accepted) batch.moveRow(row, accepted);
      accepted += 1;
    }
    batch.truncate(accepted);
    if (accepted > 0) bus.publish({ kind: 'locations-learned', batch, from: viaNats });
  }

  private sendPage({ by, partition, maxBytes }: { by: ServerId; partition: number; maxBytes: number }): void {
    const { antiEntropy, bus } = this.dependencies;
    const batch = this.batches.acquire();
    const remote = `${by} ${partition}`;
    const isLast = antiEntropy.nextPage(remote, batch, maxBytes);
    if (isLast) antiEntropy.reset(remote);
    bus.send(addresses.nats, { kind: 'pull-page', by, partition, batch, isLast });
  }

  private observe(batch: LocationBatch): void {
    let accepted = 0;
    for (let row = 0; row < batch.count; row += 1) {
      if (this.holds(batch.leaf(row)) || !this.unheld.observe(batch, row)) continue;
      if (row > accepted) batch.moveRow(row, accepted);
      accepted += 1;
    }
    batch.truncate(accepted);
    if (accepted > 0) this.dependencies.notify(batch);
  }
}
