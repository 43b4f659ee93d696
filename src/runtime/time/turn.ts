import { maxArrivalDelayMs } from '../../actors/client/command-scheduler.js';
import { FlushOrder, type FlushScheduler } from './flush-order.js';
import { ActiveClients, type ActivityMark } from './active-clients.js';
import { AdaptiveWriteCoalescer } from './write-coalescing.js';

/**
 * In a dense stream of more than five hundred chunks a second, writes are combined; a relay that receives a combined write forwards it at
 * once. Responses of many clients are combined for two milliseconds.
 */
const writeCoalescing = { denseGapMs: 2, linkIntervalMs: 5, clientIntervalMs: 2 };

/** Flushes scheduled work at the end of the current turn of the event loop, in the order of `FlushOrder`. */
export class Turn {
  readonly commands: FlushScheduler;
  readonly bulkCommands: FlushScheduler;
  readonly reports: FlushScheduler;
  readonly deliveries: FlushScheduler;
  readonly links: FlushScheduler;
  readonly clients: FlushScheduler;
  private readonly order: FlushOrder;
  private readonly activeClients = new ActiveClients();
  private readonly coalescer = new AdaptiveWriteCoalescer(writeCoalescing, (nowMs) =>
    this.activeClients.countAt(nowMs),
  );
  private state: 'idle' | 'scheduled' | 'ending' = 'idle';
  private writeTimer: NodeJS.Timeout | undefined;
  private writeTimerDueMs = Infinity;
  private hasArrivals = false;
  private bulkHandledMs = -Infinity;

  /** @param onFailure is called if a flush throws; the default throws an uncaught exception */
  constructor(onFailure: (error: unknown) => void = throwUncaught) {
    this.order = new FlushOrder(() => this.scheduleEnd(), onFailure);
    const { commands, bulkCommands, reports, deliveries, links, clients } = this.order;
    [this.commands, this.bulkCommands, this.reports] = [commands, bulkCommands, reports];
    [this.deliveries, this.links, this.clients] = [deliveries, links, clients];
  }

  /** Records a new connection of a client. More may follow, so large reads of other clients wait for them. */
  recordArrival(): void {
    this.hasArrivals = true;
  }

  /** Records a chunk of input of a client: see `AdaptiveWriteCoalescer`. */
  recordInput(client: ActivityMark): void {
    this.activeClients.record(client, performance.now());
  }

  private scheduleEnd(): void {
    if (this.state !== 'idle') return;
    this.state = 'scheduled';
    setImmediate(() => this.end());
  }

  private end(): void {
    this.state = 'ending';
    const nowMs = performance.now();
    const mayHandleBulk = !this.hasArrivals || nowMs - this.bulkHandledMs >= maxArrivalDelayMs;
    this.hasArrivals = false;
    if (mayHandleBulk) this.bulkHandledMs = nowMs;
    this.order.run(this.coalescer, mayHandleBulk);
    this.state = 'idle';
    this.scheduleRemaining();
  }

  /** Schedules the remaining work: writes as the coalescer allows, everything else at the end of the next turn. */
  private scheduleRemaining(): void {
    const { hasNoCommands, reports, deliveries, links, clients } = this.order;
    if (!hasNoCommands || !reports.isEmpty || !deliveries.isEmpty) return this.scheduleEnd();
    if (links.isEmpty && clients.isEmpty) return this.clearWriteTimer();
    const delayMs = this.coalescer.remainingDelayMs(clients.size);
    if (delayMs === 0) return this.scheduleEnd();
    const dueMs = performance.now() + delayMs;
    // Responses of clients are due before the links would be.
    if (dueMs >= this.writeTimerDueMs) return;
    this.clearWriteTimer();
    this.writeTimerDueMs = dueMs;
    this.writeTimer = setTimeout(() => {
      this.clearWriteTimer();
      this.order.write(this.coalescer);
      this.scheduleRemaining();
    }, delayMs);
  }

  private clearWriteTimer(): void {
    clearTimeout(this.writeTimer);
    this.writeTimer = undefined;
    this.writeTimerDueMs = Infinity;
  }
}

/** Throws an uncaught exception instead of throwing to the caller. */
function throwUncaught(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}
