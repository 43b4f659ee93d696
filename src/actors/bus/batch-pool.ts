import { LocationBatch } from '../../protocol/place/location-batch.js';
import type { Bus } from './bus.js';

/** Batches of an actor that are valid until the bus is idle, and then used again. */
export class BatchPool {
  private readonly batches: LocationBatch[] = [];
  private run = -1;
  private acquired = 0;

  constructor(private readonly bus: Pick<Bus, 'run'>) {}

  /** Returns an empty batch that nobody else uses in the current run of deliveries. */
  acquire(): LocationBatch {
    if (this.run !== this.bus.run) {
      this.run = this.bus.run;
      this.acquired = 0;
    }
    const batch = this.batches[this.acquired] ?? new LocationBatch();
    this.batches[this.acquired] = batch;
    this.acquired += 1;
    return batch.clear();
  }
}
