import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { backoffMs, linkPauseMaxMs } from '../actors/time/backoff.js';
import { HerdClientError } from './errors.js';

/**
 * Makes one new connection for all who wait for one: again and again, with pauses that grow, for as long as somebody waits.
 * Each has a time of its own, in milliseconds of `performance.now()`.
 */
export class Redial<Connection> {
  private dialling: Promise<Connection> | undefined;
  /** When the time is up of whoever waits longest. */
  private untilMs = 0;
  /** Why the last attempt failed; undefined before the first has. */
  private failure: HerdClientError | undefined;

  /** @param dial makes a connection, within so many milliseconds; with `HERD_CLOSED` it is rejected for good */
  constructor(private readonly dial: (withinMs: number) => Promise<Connection>) {}

  /** @throws HerdClientError when that time is up, or would be before the next attempt: why the last one failed */
  async connection(untilMs: number): Promise<Connection> {
    this.untilMs = Math.max(this.untilMs, untilMs);
    this.dialling ??= this.dialAgainAndAgain().finally(() => (this.dialling = undefined));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const reason = (): Error =>
        this.failure ?? new HerdClientError('HERD_UNREACHABLE', 'there was no connection in time');
      timer = setTimeout(() => reject(reason()), Math.max(0, untilMs - performance.now()));
    });
    try {
      return await Promise.race([this.dialling, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  private async dialAgainAndAgain(): Promise<Connection> {
    this.failure = undefined;
    for (let failures = 1; ; failures += 1) {
      try {
        return await this.dial(Math.max(0, this.untilMs - performance.now()));
      } catch (error) {
        if (!(error instanceof HerdClientError) || error.code === 'HERD_CLOSED') throw error;
        this.failure = error;
        const pauseMs = backoffMs(failures, Math.random(), linkPauseMaxMs);
        if (performance.now() + pauseMs >= this.untilMs) throw error;
        await pause(pauseMs);
      }
    }
  }
}
