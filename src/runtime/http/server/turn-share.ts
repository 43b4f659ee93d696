import type { Clock } from '../../../actors/ports/clock.js';

/** Maximum tasks started per turn of the event loop, and maximum time for starting them, in milliseconds; at least one is started. */
const maxTasksPerTurn = 16;
const maxTurnMs = 4;

/**
 * Spreads tasks over turns of the event loop in FIFO order, so that other sockets are served in between however many requests
 * wait.
 */
export class TurnShare {
  private readonly queue = new Set<() => void>();
  private startedThisTurn = 0;
  private turnStartedAtMs = 0;
  private isTurnEndScheduled = false;

  constructor(private readonly clock: Clock) {}

  /** Runs a task in this turn if it has room, else in a later one. The task must not throw. */
  run(task: () => void): void {
    if (this.queue.size === 0 && this.hasRoom()) this.start(task);
    else this.queue.add(task);
  }

  /** Resolves when a task may run. */
  next(): Promise<void> {
    return new Promise((resolve) => this.run(() => resolve()));
  }

  private hasRoom(): boolean {
    if (this.startedThisTurn === 0) return true;
    return this.startedThisTurn < maxTasksPerTurn && this.clock.monotonicMs() - this.turnStartedAtMs < maxTurnMs;
  }

  private start(task: () => void): void {
    if (this.startedThisTurn === 0) this.turnStartedAtMs = this.clock.monotonicMs();
    this.startedThisTurn += 1;
    if (!this.isTurnEndScheduled) {
      this.isTurnEndScheduled = true;
      setImmediate(() => this.endTurn());
    }
    task();
  }

  private endTurn(): void {
    this.isTurnEndScheduled = false;
    this.startedThisTurn = 0;
    for (const task of this.queue) {
      if (!this.hasRoom()) return;
      this.queue.delete(task);
      this.start(task);
    }
  }
}
