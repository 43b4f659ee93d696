/** Something that gathers work. */
export interface Gatherer {
  /** Does the gathered work. */
  flush(): void;
}

/** Decides when gathered work is done. */
export interface FlushScheduler {
  /** Asks for one flush, soon: what is gathered until then is done with it. */
  ask(gatherer: Gatherer): void;
}

/** Flushes at the end of the present turn of the event loop, all gatherers from one callback. */
export class Turn implements FlushScheduler {
  private waiting: Gatherer[] = [];

  ask(gatherer: Gatherer): void {
    this.waiting.push(gatherer);
    if (this.waiting.length === 1) setImmediate(() => this.end());
  }

  private end(): void {
    const gatherers = this.waiting;
    this.waiting = [];
    for (const gatherer of gatherers) gatherer.flush();
  }
}
