import type { Clock } from '../../../actors/ports/clock.js';

/** Tasks that are begun in one turn of the event loop, and for how long, in milliseconds; one at least is. */
const maxTasksPerTurn = 16;
const maxTurnMs = 4;

/**
 * Spreads work over turns of the event loop, in the order in which it came, so that other sockets are served in between however
 * many requests wait.
 */
export class TurnShare {
  private readonly queue = new Set<() => void>();
  private startedThisTurn = 0;
  private turnStartedAtMs = 0;
  private turn: 'idle' | 'counted' = 'idle';

  constructor(private readonly clock: Clock) {}

  /** Runs a task: at once if this turn has room for it, and otherwise in one of the next. The task must not throw. */
  run(task: () => void): void {
    if (this.queue.size === 0 && this.hasRoom()) this.start(task);
    else this.queue.add(task);
  }

  /** Resolves when there is room for one more task. */
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
    if (this.turn === 'idle') {
      this.turn = 'counted';
      setImmediate(() => this.endTurn());
    }
    task();
  }

  private endTurn(): void {
    this.turn = 'idle';
    this.startedThisTurn = 0;
    for (const task of this.queue) {
      if (!this.hasRoom()) return;
      this.queue.delete(task);
      this.start(task);
    }
  }
}
