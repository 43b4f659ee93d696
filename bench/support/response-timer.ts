import { setTimeout as pause } from 'node:timers/promises';
import { LineClient } from './line-client.js';
import { quantile } from './statistics.js';

const intervalMs = 5;

/** Measures the response time of a server at a low, fixed rate of reports, from the time each one was due. */
export class ResponseTimer {
  private readonly responseMs: number[] = [];
  private isStopped = false;
  private loop: Promise<void> = Promise.resolve();

  private constructor(private readonly client: LineClient) {}

  /** Connects to a server, and reports until it is stopped. */
  static async start(port: number): Promise<ResponseTimer> {
    const timer = new ResponseTimer(await LineClient.connect(port));
    timer.loop = timer.run();
    // Avoids an unhandled rejection when no quantile is read.
    timer.loop.catch(() => undefined);
    return timer;
  }

  /** Ends the load; returns a quantile of the response times, in milliseconds. @throws Error if the server closed the connection */
  async quantile(fraction: number): Promise<number> {
    this.isStopped = true;
    await this.loop;
    return quantile(this.responseMs, fraction);
  }

  stop(): void {
    this.isStopped = true;
    this.client.close();
  }

  private async run(): Promise<void> {
    for (let dueMs = performance.now(); !this.isStopped; dueMs += intervalMs) {
      await pause(Math.max(0, dueMs - performance.now()));
      await this.client.request(`IAMAT timer +34.068930-118.445127 ${(Date.now() / 1_000).toFixed(3)}`);
      // A late response delays the next request, but not the time at which it was due.
      this.responseMs.push(performance.now() - dueMs);
    }
  }
}
