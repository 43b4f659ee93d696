import { LocationBatch } from '../../protocol/place/location-batch.js';
import type { Bus } from './bus.js';

/** Collects locations until they are sent as one batch. Batches that were delivered are used again. */
export class CollectedBatch {
  private current = new LocationBatch().clear();
  /** Batches that were sent, each with the run of deliveries after which it is used again. */
  private readonly sent: { readonly batch: LocationBatch; readonly run: number }[] = [];

  constructor(private readonly bus: Pick<Bus, 'run'>) {}

  get isEmpty(): boolean {
    return this.current.count === 0;
  }

  /** The batch to which locations are added. */
  get batch(): LocationBatch {
    return this.current;
  }

  /** Returns the collected locations, to be sent at once; undefined if there are none. */
  take(): LocationBatch | undefined {
    const { current, bus } = this;
    if (current.count === 0) {
      current.clear();
      return undefined;
    }
    const [oldest] = this.sent;
    const isFree = oldest !== undefined && oldest.run < bus.run;
    this.current = (isFree ? this.sent.shift()?.batch : undefined)?.clear() ?? new LocationBatch().clear();
    this.sent.push({ batch: current, run: bus.run });
    return current;
  }
}
