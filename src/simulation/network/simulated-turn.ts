import { FlushOrder } from '../../runtime/time/flush-order.js';

/** The end of the present turn, which here is what one timer of the virtual clock leads to: in the order of production. */
export class SimulatedTurn extends FlushOrder {
  private endedTurns = 0;

  constructor() {
    const onFailure = (error: unknown) => {
      throw error;
    };
    super(() => undefined, onFailure);
  }

  /** How many turns there have been before the present one. */
  get number(): number {
    return this.endedTurns;
  }

  /** Ends the turn: flushes, and flushes what that led to. */
  end(): void {
    while (!this.isEmpty) this.run();
    this.endedTurns += 1;
  }
}
