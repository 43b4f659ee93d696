import { FlushOrder } from '../../runtime/time/flush-order.js';

/**
 * A turn of the simulation: everything that one timer of the virtual clock leads to, flushed in the same order as in
 * production.
 */
export class SimulatedTurn extends FlushOrder {
  private endedTurns = 0;

  constructor() {
    const onFailure = (error: unknown) => {
      throw error;
    };
    super(() => undefined, onFailure);
  }

  /** Number of completed turns. */
  get number(): number {
    return this.endedTurns;
  }

  /** Ends the turn: flushes, and flushes what that causes. */
  end(): void {
    while (!this.isEmpty) this.run();
    this.endedTurns += 1;
  }
}
