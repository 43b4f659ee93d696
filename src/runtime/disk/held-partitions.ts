import { leafOf, partitionCount, partitionOfLeaf } from '../../protocol/place/digest.js';
import type { LocationBatch } from '../../protocol/place/location-batch.js';
import type { Location } from '../../protocol/place/location.js';
import type { MessageBus } from '../bus/message-bus.js';

/** Partitions that a server holds, as its events tell. A server that does not use NATS holds all. */
export class HeldPartitions {
  private readonly isHeld: boolean[];

  constructor(bus: MessageBus, usesNats: boolean) {
    this.isHeld = Array.from({ length: partitionCount }, () => !usesNats);
    bus.on('partition', ({ partition, state }) => {
      this.isHeld[partition] = state !== 'none';
    });
  }

  /** Whether the partition of a location is held. */
  has({ client }: Location): boolean {
    return this.hasLeaf(leafOf(client));
  }

  /** Returns the locations of a batch whose partitions are held. */
  *select(batch: LocationBatch): Generator<Location> {
    for (let row = 0; row < batch.count; row += 1) if (this.hasLeaf(batch.leaf(row))) yield batch.location(row);
  }

  private hasLeaf(leaf: number): boolean {
    return this.isHeld[partitionOfLeaf(leaf)] === true;
  }
}
