/** Tasks that are begun in one turn of the event loop. Each may take up to about a millisecond. */
const tasksPerTurnMax = 16;

/**
 * Spreads work over turns of the event loop, in the order in which it came, so that other sockets are served in between however
 * many requests wait.
 */
export class TurnShare {
  private readonly waiting = new Set<() => void>();
  private begun = 0;
  private turn: 'idle' | 'counted' = 'idle';

  /** Runs a task: at once if this turn has room for it, and otherwise in one of the next. The task must not throw. */
  run(task: () => void): void {
    if (this.waiting.size === 0 && this.begun < tasksPerTurnMax) this.begin(task);
    else this.waiting.add(task);
  }

  /** Resolves when there is room for one more task. */
  next(): Promise<void> {
    return new Promise((resolve) => this.run(() => resolve()));
  }

  private begin(task: () => void): void {
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
      if (this.begun >= tasksPerTurnMax) return;
      this.waiting.delete(task);
      this.begin(task);
    }
  }
}
