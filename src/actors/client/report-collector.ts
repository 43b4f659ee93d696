import { LocationBatch } from '../../protocol/place/location-batch.js';
import { addresses } from '../addresses.js';
import type { Bus } from '../bus/bus.js';
import type { TurnScheduler } from '../ports/turn-scheduler.js';

/** Reports that are sent to the store at once, before the end of the turn: more would delay other work. */
const maxReports = 1_024;

/**
 * Collects the reports of all connections in a turn of the event loop and sends them to the store as one batch, so that with many
 * clients, too, a message and a write to a neighbour carry many locations. No actor: connections share it.
 */
export class ReportCollector {
  private batch = new LocationBatch();
  /** Batches that were sent, each with the run of deliveries after which it is used again. */
  private readonly sent: { readonly batch: LocationBatch; readonly run: number }[] = [];

  constructor(
    private readonly bus: Bus,
    private readonly scheduler: TurnScheduler,
  ) {}

  /** Adds reports; the batch is copied. */
  add(reports: LocationBatch): void {
    const isFirst = this.batch.count === 0;
    this.batch.appendAll(reports);
    if (this.batch.count >= maxReports) this.flush();
    else if (isFirst) this.scheduler.schedule(this);
  }

  /** Sends the collected reports to the store, which must have them before it handles a query. */
  flush(): void {
    const { batch, bus } = this;
    if (batch.count === 0) return;
    this.batch = this.takeDelivered()?.clear() ?? new LocationBatch();
    this.sent.push({ batch, run: bus.run });
    bus.send(addresses.store, { kind: 'report', batch });
  }

  private takeDelivered(): LocationBatch | undefined {
    const [oldest] = this.sent;
    return oldest !== undefined && oldest.run < this.bus.run ? this.sent.shift()?.batch : undefined;
  }
}
