/** Runs work later in the same turn of the event loop. */
export interface TurnScheduler {
  /** Requests one call of `flush`. */
  schedule(work: { flush(): void }): void;
}
