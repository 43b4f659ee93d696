/**
 * The pause before everything is asked for once more, in milliseconds. A page that cannot keep up is told again and again
 * that something was lost, and to send everything is work for a server that is busy already.
 */
const minIntervalMs = 5_000;

/** What is done at the moment about asking for everything. */
type State = 'idle' | 'waiting' | 'running' | 'running-rerun';

/** Asks a server for all that it holds, whenever that is wanted, and until it has come: never twice at once, and with rests between. */
export class Resync {
  private state: State = 'idle';
  /** When the rest is over. */
  private nextAllowedMs = -Infinity;

  /**
   * @param fetchAll rejects if not everything came
   * @param signal ends it
   */
  constructor(
    private readonly fetchAll: () => Promise<void>,
    private readonly signal: AbortSignal,
  ) {}

  /** Has everything asked for: at once, or when the rest is over. What is being asked for already may have been answered too early. */
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
