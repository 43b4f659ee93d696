/** Buffers work until it is flushed. */
export interface Flushable {
  /** Does the buffered work. */
  flush(): void;
}

/** Schedules flushes. */
export interface FlushScheduler {
  /** Requests one flush soon; it includes all work buffered until then. */
  schedule(flushable: Flushable): void;
}

/** Decides how long writes are coalesced. */
export interface WriteCoalescer {
  /**
   * Remaining delay of the next write in milliseconds; 0 to write now.
   * @param pendingClients the number of clients to be written to; 0 if there are only links
   */
  remainingDelayMs(pendingClients: number): number;
  /** Records that links and clients have just been written. */
  recordWrite(): void;
}

/**
 * Maximum rounds of deliveries in one turn. A flood takes as many rounds as its longest path has links, because each server forwards
 * a location once; the limit protects clients from a flood that does not end.
 */
const maxDeliveryRounds = 64;

/**
 * Maximum large reads of clients handled in one turn (up to 64 KiB each, thousands of lines), so that clients that send little are
 * served in every turn.
 */
const maxBulkReadsPerTurn = 4;

/** Work scheduled for one phase of a turn. */
class Phase implements FlushScheduler {
  private pending: Flushable[] = [];

  constructor(
    private readonly onScheduled: () => void,
    private readonly onFailure: (error: unknown) => void,
  ) {}

  get isEmpty(): boolean {
    return this.pending.length === 0;
  }

  /** The number of scheduled flushes. */
  get size(): number {
    return this.pending.length;
  }

  schedule(flushable: Flushable): void {
    this.pending.push(flushable);
    this.onScheduled();
  }

  /**
   * Flushes what is scheduled, in order. If one throws, the others are flushed all the same.
   * @param max maximum number; the rest stays scheduled
   */
  flush(max = Infinity): void {
    const flushables = this.pending;
    if (flushables.length === 0) return;
    this.pending = flushables.length > max ? flushables.splice(max) : [];
    for (const flushable of flushables) {
      try {
        flushable.flush();
      } catch (error) {
        this.onFailure(error);
      }
    }
  }
}

/**
 * Order of the work of a turn. Links have been read when it begins. Commands of clients are handled first; then their reports are sent
 * to the stores; then messages between servers of the same process are delivered until none is left; then links are written; then
 * clients. So the response to a report is never written before the location is written to every link that has room, and a neighbour
 * that is queried right after has read it ([IA7] in the client protocol).
 */
export class FlushOrder {
  /** Commands of clients. The operating system may report a query before lines that arrived earlier over a link. */
  readonly commands: Phase;
  /** Commands of clients from large reads; a few are handled per turn. */
  readonly bulkCommands: Phase;
  /** Reports that commands have collected. */
  readonly reports: Phase;
  /** Messages between servers of the same process. */
  readonly deliveries: Phase;
  /** Writes to servers of other processes. */
  readonly links: Phase;
  /** Writes to clients. */
  readonly clients: Phase;

  /**
   * @param onScheduled is called whenever a flush is scheduled
   * @param onFailure is called if a flush throws
   */
  constructor(onScheduled: () => void, onFailure: (error: unknown) => void) {
    this.commands = new Phase(onScheduled, onFailure);
    this.bulkCommands = new Phase(onScheduled, onFailure);
    this.reports = new Phase(onScheduled, onFailure);
    this.deliveries = new Phase(onScheduled, onFailure);
    this.links = new Phase(onScheduled, onFailure);
    this.clients = new Phase(onScheduled, onFailure);
  }

  /** Whether nothing is scheduled. */
  get isEmpty(): boolean {
    return (
      this.hasNoCommands &&
      this.reports.isEmpty &&
      this.deliveries.isEmpty &&
      this.links.isEmpty &&
      this.clients.isEmpty
    );
  }

  /** Whether no commands of clients are scheduled. */
  get hasNoCommands(): boolean {
    return this.commands.isEmpty && this.bulkCommands.isEmpty;
  }

  /**
   * Does the scheduled work. Work caused by writing to clients waits for the next call.
   *
   * @param coalescer may delay writes; without one they are not delayed
   * @param mayHandleBulk whether large reads of clients are handled in this turn
   */
  run(coalescer?: WriteCoalescer, mayHandleBulk = true): void {
    const { commands, bulkCommands, links, clients } = this;
    this.deliver();
    commands.flush();
    if (mayHandleBulk) bulkCommands.flush(maxBulkReadsPerTurn);
    this.reports.flush();
    this.deliver();
    if (links.isEmpty && clients.isEmpty) return;
    if (coalescer === undefined || coalescer.remainingDelayMs(clients.size) === 0) this.write(coalescer);
  }

  /** Writes to links, then to clients. */
  write(coalescer?: WriteCoalescer): void {
    this.links.flush();
    this.clients.flush();
    coalescer?.recordWrite();
  }

  private deliver(): void {
    for (let round = 0; round < maxDeliveryRounds && !this.deliveries.isEmpty; round += 1) this.deliveries.flush();
  }
}
