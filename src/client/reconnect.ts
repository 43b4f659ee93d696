import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { backoffMs, maxLinkBackoffMs } from '../actors/time/backoff.js';
import { HerdClientError } from './errors.js';

/** Opens one new connection for all callers that wait for one, retrying with backoff until the last caller's deadline. */
export class Reconnector<Connection> {
  private attempt: Promise<Connection> | undefined;
  /** Latest deadline of all callers, in milliseconds of `performance.now()`. */
  private deadlineMs = 0;
  /** Error of the last failed attempt; undefined before the first has failed. */
  private lastError: HerdClientError | undefined;

  /** @param openConnection opens a connection within the given milliseconds; rejecting with `HERD_CLOSED` ends the retries */
  constructor(private readonly openConnection: (withinMs: number) => Promise<Connection>) {}

  /**
   * Waits for a connection.
   * @param deadlineMs when to give up, in milliseconds of `performance.now()`
   * @throws HerdClientError the error of the last attempt, if no connection is made in time
   */
  async connect(deadlineMs: number): Promise<Connection> {
    this.deadlineMs = Math.max(this.deadlineMs, deadlineMs);
    this.attempt ??= this.retryUntilDeadline().finally(() => (this.attempt = undefined));
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_, reject) => {
      const reason = (): Error =>
        this.lastError ?? new HerdClientError('HERD_UNREACHABLE', 'no connection within the timeout');
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

/**
 * Waits before the next attempt, with exponential backoff.
 * @param failures number of consecutive failures
 * @returns false if `signal` was aborted, so that there is to be no further attempt
 */
export async function waitForRetry(failures: number, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    await pause(backoffMs(failures, Math.random(), maxLinkBackoffMs), undefined, { signal });
    return true;
  } catch {
    return false;
  }
}
