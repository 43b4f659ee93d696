import type { Clock } from '../../../actors/ports/clock.js';

/** Tasks that are begun in one turn of the event loop, and for how long, in milliseconds; one at least is. */
const tasksPerTurnMax = 16;
const turnMs = 4;

/**
 * Spreads work over turns of the event loop, in the order in which it came, so that other sockets are served in between however
 * many requests wait.
 */
export class TurnShare {
  private readonly waiting = new Set<() => void>();
  private begun = 0;
  private firstAtMs = 0;
  private turn: 'idle' | 'counted' = 'idle';

  constructor(private readonly clock: Clock) {}

  /** Runs a task: at once if this turn has room for it, and otherwise in one of the next. The task must not throw. */
  run(task: () => void): void {
    if (this.waiting.size === 0 && this.hasRoom()) this.begin(task);
    else this.waiting.add(task);
  }

  /** Resolves when there is room for one more task. */
  next(): Promise<void> {
    return new Promise((resolve) => this.run(() => resolve()));
  }

  private hasRoom(): boolean {
    if (this.begun === 0) return true;
    return this.begun < tasksPerTurnMax && this.clock.monotonicMs() - this.firstAtMs < turnMs;
  }

  private begin(task: () => void): void {
    if (this.begun === 0) this.firstAtMs = this.clock.monotonicMs();
    this.begun += 1;
    if (this.turn === 'idle') {
      this.turn = 'counted';
      setImmediate(() => this.endTurn());
    }
    task();
  }

  private endTurn(): void {
    this.turn = 'idle';
    this.begun = 0;
    for (const task of this.waiting) {
      if (!this.hasRoom()) return;
      this.waiting.delete(task);
      this.begin(task);
    }
  }
}
