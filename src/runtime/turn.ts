/** Something that gathers work within a turn of the event loop. */
export interface Gatherer {
  /** Does the gathered work. */
  flush(): void;
}

/** Calls gatherers back at the end of the present turn of the event loop, all of them from one callback. */
export class Turn {
  private waiting: Gatherer[] = [];

  /** Asks for one flush at the end of this turn. */
  atEnd(gatherer: Gatherer): void {
    this.waiting.push(gatherer);
    if (this.waiting.length === 1) setImmediate(() => this.end());
  }

  private end(): void {
    const gatherers = this.waiting;
    this.waiting = [];
    for (const gatherer of gatherers) gatherer.flush();
  }
}
