/**
 * Minimum pause between two full fetches, in milliseconds. A page that cannot keep up receives `dropped` events again and again,
 * and each full fetch is work for a server that is busy already.
 */
const minIntervalMs = 5_000;

type State = 'idle' | 'waiting' | 'running' | 'running-rerun';

/** Fetches all clients of a server on request and retries until it succeeds: one fetch at a time, rate-limited. */
export class Resync {
  private state: State = 'idle';
  /** Earliest time of the next fetch, on the page's clock in milliseconds. */
  private nextAllowedMs = -Infinity;

  /**
   * @param fetchAll rejects if the fetch is incomplete
   * @param signal stops further fetches
   */
  constructor(
    private readonly fetchAll: () => Promise<void>,
    private readonly signal: AbortSignal,
  ) {}

  /** Requests a full fetch. During a fetch another one follows, because the running one may have missed the change. */
  request(): void {
    if (this.state === 'idle') this.schedule();
    else if (this.state === 'running') this.state = 'running-rerun';
  }

  private schedule(): void {
    this.state = 'waiting';
    setTimeout(() => void this.run(), Math.max(0, this.nextAllowedMs - performance.now()));
  }

  private async run(): Promise<void> {
    if (this.signal.aborted) return;
    this.state = 'running';
    const succeeded = await this.fetchAll().then(
      () => true,
      () => false,
    );
    this.nextAllowedMs = performance.now() + minIntervalMs;
    this.finish(succeeded);
  }

  private finish(succeeded: boolean): void {
    if (succeeded && this.state === 'running') this.state = 'idle';
    else this.schedule();
  }
}
