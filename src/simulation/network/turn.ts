import { FlushOrder } from '../../runtime/flush-order.js';

/** The end of the present turn, which here is what one timer of the virtual clock leads to: in the order of production. */
export class SimulatedTurn extends FlushOrder {
  constructor() {
    const onFailure = (error: unknown) => {
      throw error;
    };
    super(() => undefined, onFailure);
  }

  /** Ends the turn: flushes, and flushes what that led to. */
  end(): void {
    while (!this.isEmpty) this.run();
  }
}
