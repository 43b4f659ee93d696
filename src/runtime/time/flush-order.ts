/** Something that gathers work. */
export interface Flushable {
  /** Does the gathered work. */
  flush(): void;
}

/** Decides when gathered work is done. */
export interface FlushScheduler {
  /** Asks for one flush, soon: what is gathered until then is done with it. */
  schedule(flushable: Flushable): void;
}

/** How often links are written while no client waits for an answer. */
export interface WriteCoalescer {
  /** How long links should still wait for more to be written with, in milliseconds; 0 if they should not. */
  remainingDelayMs(): number;
  /** Links have just been written. */
  recordWrite(): void;
}

/**
 * Rounds of deliveries in one turn, at most. A flood takes as many rounds as its longest way has links and ends by itself, as
 * each server forwards a location once; the bound keeps clients from waiting for anything that does not end.
 */
const maxDeliveryRounds = 64;

/**
 * Large reads of clients that are handled in one turn, at most: of 64 KiB each, thousands of lines. However many clients send as
 * much as they can, those that send little are served in each turn.
 */
const maxBulkReadsPerTurn = 4;

/** The work that has been asked for in one phase of a turn. */
class Phase implements FlushScheduler {
  private pending: Flushable[] = [];

  constructor(
    private readonly onScheduled: () => void,
    private readonly onFailure: (error: unknown) => void,
  ) {}

  get isEmpty(): boolean {
    return this.pending.length === 0;
  }

  schedule(flushable: Flushable): void {
    this.pending.push(flushable);
    this.onScheduled();
  }

  /**
   * Flushes what has asked by now, in that order. One that throws does not keep the others from being flushed.
   * @param max how many at most; the others wait for the next call
   */
  flush(max = Infinity): void {
    const flushables = this.pending;
    this.pending = flushables.splice(max);
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
 * The order in which the work of a turn is done: links have been read when it begins. First what clients sent is handled, then
 * what travels between servers of the same process is delivered, until nothing is left to deliver; then links are written; then
 * clients. So the answer to a report is never written before the location has been handed to every link that has room, and a
 * neighbour that is asked right after has read it ([IA7] in docs/protocol.md).
 */
export class FlushOrder {
  /** What clients have sent. Of what has arrived at a process, the system may report a question before what came earlier over a link. */
  readonly commands: Phase;
  /** What clients have sent in large reads; a few of them are handled in each turn. */
  readonly bulkCommands: Phase;
  /** Deliveries between servers of the same process. */
  readonly deliveries: Phase;
  /** Writes to servers of other processes. */
  readonly links: Phase;
  /** Writes to clients. */
  readonly clients: Phase;

  /**
   * @param onAsked hears each time that a flush is asked for
   * @param onFailure hears of a flush that threw
   */
  constructor(onAsked: () => void, onFailure: (error: unknown) => void) {
    this.commands = new Phase(onAsked, onFailure);
    this.bulkCommands = new Phase(onAsked, onFailure);
    this.deliveries = new Phase(onAsked, onFailure);
    this.links = new Phase(onAsked, onFailure);
    this.clients = new Phase(onAsked, onFailure);
  }

  /** Whether there is nothing to do. */
  get isEmpty(): boolean {
    return this.hasNoCommands && this.deliveries.isEmpty && this.links.isEmpty && this.clients.isEmpty;
  }

  /** Whether nothing that clients have sent is left to handle. */
  get hasNoCommands(): boolean {
    return this.commands.isEmpty && this.bulkCommands.isEmpty;
  }

  /**
   * Does the work that has been asked for. What writing to clients leads to waits for the next call.
   *
   * @param coalescer by which links may be left to wait while no client is to be written to; left out, they are not
   * @param mayHandleBulk whether large reads of clients are handled this time
   */
  run(coalescer?: WriteCoalescer, mayHandleBulk = true): void {
    const { commands, bulkCommands, links, clients } = this;
    this.deliver();
    commands.flush();
    if (mayHandleBulk) bulkCommands.flush(maxBulkReadsPerTurn);
    this.deliver();
    if (!links.isEmpty && (!clients.isEmpty || coalescer === undefined || coalescer.remainingDelayMs() === 0)) {
      links.flush();
      coalescer?.recordWrite();
    }
    clients.flush();
  }

  private deliver(): void {
    for (let round = 0; round < maxDeliveryRounds && !this.deliveries.isEmpty; round += 1) this.deliveries.flush();
  }
}
