import type { Clock } from '../ports/clock.js';

/**
 * Cost that a connection may spend in a turn while no other waits: more than the IAMAT commands of one 64 KiB read, so that a
 * busy server with few connections never splits a read.
 */
const maxQuantum = 1_024;

/** Cost that a connection may spend in a turn while others wait, or once the turn is long. */
const sharedQuantum = 256;

/** Cost from which a turn is long, and that waiting connections may spend in a turn together: a few to 30 milliseconds. */
const maxTurnCost = 2_048;

/** Cost from which a timer marks the end of the turn: a server with less load needs no timer. */
const timerThresholdCost = 256;

/**
 * How long new connections may delay waiting ones, in milliseconds. Node accepts one connection in each turn of the event loop: with
 * long turns in between, a new client would wait behind all that connected before it.
 */
export const maxArrivalDelayMs = 20;

/** A connection with commands that wait for a turn. */
export interface CommandSource {
  /** Handles commands, as many as the quantum allows. */
  resume(): void;
}

/**
 * Shares a server's time among its connections by round robin: each handles commands up to a quantum before the others get a turn.
 * A connection with few commands is served at once, however much others have sent. A command costs 1, or more if several actors
 * work on it. No actor: connections share it, and its timer only resumes them, each by a message.
 */
export class CommandScheduler {
  private currentTurn = 0;
  private turnCost = 0;
  private timer: unknown;
  private resumedMs = -Infinity;
  private hasArrivals = false;
  private readonly waiting = new Set<CommandSource>();

  constructor(private readonly clock: Clock) {}

  /** The number of the present turn of the event loop, or of several in which there was little to do. */
  get turn(): number {
    return this.currentTurn;
  }

  /** Cost that a connection may spend in the present turn. */
  get quantum(): number {
    return this.waiting.size === 0 && this.turnCost < maxTurnCost ? maxQuantum : sharedQuantum;
  }

  /** Records a new connection: waiting connections are resumed after others that may have arrived with it. */
  noteArrival(): void {
    this.hasArrivals = true;
  }

  /** Records the cost of a handled command. */
  spend(cost: number): void {
    this.turnCost += cost;
    if (this.turnCost >= timerThresholdCost) this.armTimer();
  }

  /** Adds a connection to the queue; it is resumed in a later turn. */
  enqueue(source: CommandSource): void {
    this.waiting.add(source);
    this.armTimer();
  }

  isWaiting(source: CommandSource): boolean {
    return this.waiting.has(source);
  }

  remove(source: CommandSource): void {
    this.waiting.delete(source);
  }

  private armTimer(): void {
    this.timer ??= this.clock.setTimeout(() => this.beginTurn(), 0);
  }

  private beginTurn(): void {
    this.timer = undefined;
    const nowMs = this.clock.monotonicMs();
    const isDeferred = this.hasArrivals && nowMs - this.resumedMs < maxArrivalDelayMs;
    this.hasArrivals = false;
    if (isDeferred) return this.armTimer();
    this.resumedMs = nowMs;
    this.currentTurn += 1;
    this.turnCost = 0;
    let remaining = this.waiting.size;
    for (const source of this.waiting) {
      // A source with commands left is queued again behind the others, and must not be resumed twice.
      if (remaining === 0 || this.turnCost >= maxTurnCost) break;
      remaining -= 1;
      this.waiting.delete(source);
      source.resume();
    }
    if (this.waiting.size > 0) this.armTimer();
  }
}
