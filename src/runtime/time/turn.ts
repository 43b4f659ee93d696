import { maxArrivalDelayMs } from '../../actors/client/command-scheduler.js';
import { FlushOrder, type FlushScheduler } from './flush-order.js';
import { DenseWriteCoalescer } from './write-coalescing.js';

/**
 * When links are written to while no client waits for an answer: each write wakes up a process, which then writes to others. What
 * comes by itself goes at once. Of a dense stream, which a server of more than a thousand chunks a second has, so much goes
 * together; a relay, which is told it that way, passes it on at once.
 */
const linkCoalescing = { denseGapMs: 1, intervalMs: 5 };

/** Does gathered work at the end of the present turn of the event loop, in the order of `FlushOrder`. */
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

  /** @param onFailure hears of a flush that threw; left out, the error is thrown where nothing catches it */
  constructor(onFailure: (error: unknown) => void = throwUncaught) {
    this.order = new FlushOrder(() => this.scheduleEnd(), onFailure);
    const { commands, bulkCommands, deliveries, links, clients } = this.order;
    [this.commands, this.bulkCommands] = [commands, bulkCommands];
    [this.deliveries, this.links, this.clients] = [deliveries, links, clients];
  }

  /** A client has connected: more may have, and large reads of other clients are handled when those are there. */
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

  /** Has what is left done: links when their pace allows it, all else at the end of the next turn. */
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

/** Throws to the process, and not to whoever called. */
function throwUncaught(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}
