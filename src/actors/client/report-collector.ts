import type { LocationBatch } from '../../protocol/place/location-batch.js';
import { addresses } from '../addresses.js';
import type { Bus } from '../bus/bus.js';
import { CollectedBatch } from '../bus/collected-batch.js';
import type { TurnScheduler } from '../ports/turn-scheduler.js';

/** Reports that are sent to the store at once, before the end of the turn: more would delay other work. */
const maxReports = 1_024;

/**
 * Collects the reports of all connections in a turn of the event loop and sends them to the store as one batch, so that with many
 * clients, too, a message and a write to a neighbour carry many locations. No actor: connections share it.
 */
export class ReportCollector {
  private readonly collected: CollectedBatch;

  constructor(
    private readonly bus: Bus,
    private readonly scheduler: TurnScheduler,
  ) {
    this.collected = new CollectedBatch(bus);
  }

  /** Adds reports; the batch is copied. */
  add(reports: LocationBatch): void {
    const { isEmpty: isFirst, batch } = this.collected;
    batch.appendAll(reports);
    if (batch.count >= maxReports) this.flush();
    else if (isFirst) this.scheduler.schedule(this);
  }

  /** Sends the collected reports to the store, which must have them before it handles a query. */
  flush(): void {
    const batch = this.collected.take();
    if (batch !== undefined) this.bus.send(addresses.store, { kind: 'report', batch });
  }
}
