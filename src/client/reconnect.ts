import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { backoffMs, maxLinkBackoffMs } from '../actors/time/backoff.js';
import { HerdClientError } from './errors.js';

/**
 * Makes one new connection for all who wait for one: again and again, with pauses that grow, for as long as somebody waits.
 * Each has a time of its own, in milliseconds of `performance.now()`.
 */
export class Reconnector<Connection> {
  private attempt: Promise<Connection> | undefined;
  /** When the time is up of whoever waits longest. */
  private deadlineMs = 0;
  /** Why the last attempt failed; undefined before the first has. */
  private lastError: HerdClientError | undefined;

  /** @param openConnection makes a connection, within so many milliseconds; with `HERD_CLOSED` it is rejected for good */
  constructor(private readonly openConnection: (withinMs: number) => Promise<Connection>) {}

  /** @throws HerdClientError when that time is up, or would be before the next attempt: why the last one failed */
  async connect(deadlineMs: number): Promise<Connection> {
    this.deadlineMs = Math.max(this.deadlineMs, deadlineMs);
    this.attempt ??= this.retryUntilDeadline().finally(() => (this.attempt = undefined));
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_, reject) => {
      const reason = (): Error =>
        this.lastError ?? new HerdClientError('HERD_UNREACHABLE', 'there was no connection in time');
      timer = setTimeout(() => reject(reason()), Math.max(0, deadlineMs - performance.now()));
    });
    try {
      return await Promise.race([this.attempt, timeout]);
    } finally {
      clearTimeout(timer);
    }
  }

  private async retryUntilDeadline(): Promise<Connection> {
    this.lastError = undefined;
    for (let failures = 1; ; failures += 1) {
      try {
        return await this.openConnection(Math.max(0, this.deadlineMs - performance.now()));
      } catch (error) {
        if (!(error instanceof HerdClientError) || error.code === 'HERD_CLOSED') throw error;
        this.lastError = error;
        const pauseMs = backoffMs(failures, Math.random(), maxLinkBackoffMs);
        if (performance.now() + pauseMs >= this.deadlineMs) throw error;
        await pause(pauseMs);
      }
    }
  }
}
