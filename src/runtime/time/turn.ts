import { maxArrivalDelayMs } from '../../actors/client/command-scheduler.js';
import { FlushOrder, type FlushScheduler } from './flush-order.js';
import { DenseWriteCoalescer } from './write-coalescing.js';

/**
 * Write coalescing of links while no response to a client is pending: each write wakes up a process, which then writes to others. A
 * single write goes out at once. In a dense stream (more than a thousand chunks a second) writes are combined; a relay that receives
 * a combined write forwards it at once.
 */
const linkCoalescing = { denseGapMs: 1, intervalMs: 5 };

/** Flushes scheduled work at the end of the current turn of the event loop, in the order of `FlushOrder`. */
export class Turn {
  readonly commands: FlushScheduler;
  readonly bulkCommands: FlushScheduler;
  readonly deliveries: FlushScheduler;
  readonly links: FlushScheduler;
  readonly clients: FlushScheduler;
  private readonly order: FlushOrder;
  private readonly linkCoalescer = new DenseWriteCoalescer(linkCoalescing);
  private state: 'idle' | 'scheduled' | 'ending' = 'idle';
  private linkTimer: NodeJS.Timeout | undefined;
  private hasArrivals = false;
  private bulkHandledMs = -Infinity;

  /** @param onFailure is called if a flush throws; the default throws an uncaught exception */
  constructor(onFailure: (error: unknown) => void = throwUncaught) {
    this.order = new FlushOrder(() => this.scheduleEnd(), onFailure);
    const { commands, bulkCommands, deliveries, links, clients } = this.order;
    [this.commands, this.bulkCommands] = [commands, bulkCommands];
    [this.deliveries, this.links, this.clients] = [deliveries, links, clients];
  }

  /** Records a new connection of a client. More may follow, so large reads of other clients wait for them. */
  recordArrival(): void {
    this.hasArrivals = true;
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
    this.order.run(this.linkCoalescer, mayHandleBulk);
    this.state = 'idle';
    this.scheduleRemaining();
  }

  /** Schedules the remaining work: links as the coalescer allows, everything else at the end of the next turn. */
  private scheduleRemaining(): void {
    const { hasNoCommands, deliveries, links, clients } = this.order;
    if (!hasNoCommands || !deliveries.isEmpty || !clients.isEmpty) return this.scheduleEnd();
    if (links.isEmpty) {
      clearTimeout(this.linkTimer);
      this.linkTimer = undefined;
      return;
    }
    const delayMs = this.linkCoalescer.remainingDelayMs();
    if (delayMs === 0) return this.scheduleEnd();
    this.linkTimer ??= setTimeout(() => {
      this.linkTimer = undefined;
      this.writeLinks();
    }, delayMs);
  }

  private writeLinks(): void {
    this.order.links.flush();
    this.linkCoalescer.recordWrite();
  }
}

/** Throws an uncaught exception instead of throwing to the caller. */
function throwUncaught(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}
