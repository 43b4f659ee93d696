/**
 * The pause before everything is asked for once more, in milliseconds. A page that cannot keep up is told again and again
 * that something was lost, and to send everything is work for a server that is busy already.
 */
const restMs = 5_000;

/** What is done at the moment about asking for everything. */
type State = 'resting' | 'waiting' | 'asking' | 'asking, once more afterwards';

/** Asks a server for all that it holds, whenever that is wanted, and until it has come: never twice at once, and with rests between. */
export class Refill {
  private state: State = 'resting';
  /** When the rest is over. */
  private restedMs = -Infinity;

  /**
   * @param askForAll rejects if not everything came
   * @param signal ends it
   */
  constructor(
    private readonly askForAll: () => Promise<void>,
    private readonly signal: AbortSignal,
  ) {}

  /** Has everything asked for: at once, or when the rest is over. What is being asked for already may have been answered too early. */
  want(): void {
    if (this.state === 'resting') this.wait();
    else if (this.state === 'asking') this.state = 'asking, once more afterwards';
  }

  private wait(): void {
    this.state = 'waiting';
    setTimeout(() => void this.ask(), Math.max(0, this.restedMs - performance.now()));
  }

  private async ask(): Promise<void> {
    if (this.signal.aborted) return;
    this.state = 'asking';
    const came = await this.askForAll().then(
      () => true,
      () => false,
    );
    this.restedMs = performance.now() + restMs;
    this.rest(came);
  }

  private rest(came: boolean): void {
    if (came && this.state === 'asking') this.state = 'resting';
    else this.wait();
  }
}
