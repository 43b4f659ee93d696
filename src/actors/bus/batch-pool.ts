import { LocationBatch } from '../../protocol/place/location-batch.js';
import type { Bus } from './bus.js';

/** Batches that are used again when the bus has delivered all messages that carried them. */
export class BatchPool {
  private readonly batches: LocationBatch[] = [];
  private used = 0;
  private run = -1;

  constructor(private readonly bus: Pick<Bus, 'run'>) {}

  /** Returns an empty batch, which is valid in the present run of deliveries. */
  acquire(): LocationBatch {
    if (this.run !== this.bus.run) {
      this.run = this.bus.run;
      this.used = 0;
    }
    const batch = (this.batches[this.used] ??= new LocationBatch());
    this.used += 1;
    return batch.clear();
  }
}
