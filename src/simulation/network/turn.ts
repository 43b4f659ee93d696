/** Something that gathers work within a turn. */
interface Gatherer {
  flush(): void;
}

/** The end of the present turn, which here is what one timer of the virtual clock leads to. */
export class SimulatedTurn {
  private waiting: Gatherer[] = [];

  /** Asks for one flush at the end of this turn. */
  atEnd(gatherer: Gatherer): void {
    this.waiting.push(gatherer);
  }

  /** Ends the turn: flushes, and flushes what that led to. */
  end(): void {
    while (this.waiting.length > 0) {
      const gatherers = this.waiting;
      this.waiting = [];
      for (const gatherer of gatherers) gatherer.flush();
    }
  }
}
