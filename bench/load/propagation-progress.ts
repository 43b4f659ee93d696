import { setTimeout as pause } from 'node:timers/promises';
import type { AckedReport } from './load.js';
import type { LoadJob } from './load-job.js';
import { LineClient, queryLocation } from '../support/line-client.js';

/** Number of client IDs that markers rotate through, so that one is reused only long after it has propagated. */
const markerClientCount = 8;
const markerIntervalMs = 100;
const maxWaitMs = 10_000;

interface Marker extends AckedReport {
  readonly atMs: number;
}

/**
 * Measures how far the followers lag behind the loaded server. Markers are reported to the loaded server between the updates of the
 * load, and each follower is queried for them in sequence. Links preserve the order, so a follower that has a marker has all
 * updates acknowledged before it.
 */
export class PropagationProgress {
  maxLagMs = 0;
  private readonly markers: Marker[] = [];
  private readonly stopping = new AbortController();
  private polling: Promise<void> = Promise.resolve();

  private constructor(
    private readonly loadedServer: LineClient,
    private readonly followers: readonly { readonly client: LineClient; known: number }[],
    private readonly seconds: number,
    private readonly allowedLagMs: number,
  ) {}

  /** Connects and sends the first markers. @param seconds integer part of the POSIX time of all markers */
  static async start(job: LoadJob, seconds: number): Promise<PropagationProgress> {
    const { port, followerPorts, maxLagMs } = job;
    const [loadedServer, ...others] = await Promise.all(
      [port, ...followerPorts].map((each) => LineClient.connect(each)),
    );
    if (loadedServer === undefined) throw new Error('no connection to the loaded server');
    const followers = others.map((client) => ({ client, known: 0 }));
    const progress = new PropagationProgress(loadedServer, followers, seconds, maxLagMs);
    for (let index = 0; index < markerClientCount; index += 1) await progress.sendMarker();
    // Every marker client must be known everywhere first, because a query for an unknown client triggers a lookup at other servers.
    await progress.waitUntilKnown();
    progress.maxLagMs = 0;
    progress.polling = progress.poll();
    return progress;
  }

  /** Whether a follower lags so far that the load must pause. */
  get isBehind(): boolean {
    return this.currentLagMs() > this.allowedLagMs;
  }

  /** Sends a last marker and waits until all followers have it and the given reports; false if they do not in time. */
  async finish(reports: readonly AckedReport[]): Promise<boolean> {
    this.stopping.abort();
    await this.polling;
    await this.sendMarker();
    await this.waitUntilKnown();
    const known = await Promise.all(
      this.followers.flatMap(({ client }) => reports.map((report) => isKnownAt(client, report))),
    );
    return known.every(Boolean) && this.isSettled;
  }

  close(): void {
    for (const { client } of [{ client: this.loadedServer }, ...this.followers]) client.close();
  }

  private async poll(): Promise<void> {
    let dueMs = performance.now();
    while (!this.stopping.signal.aborted) {
      await this.sendMarker();
      await this.checkFollowers();
      this.maxLagMs = Math.max(this.maxLagMs, this.currentLagMs());
      dueMs = Math.max(dueMs + markerIntervalMs, performance.now());
      await pause(dueMs - performance.now(), undefined, this.stopping).catch(() => undefined);
    }
  }

  private async sendMarker(): Promise<void> {
    const number = this.markers.length;
    const client = `marker${number % markerClientCount}`;
    const time = `${this.seconds}.${String(number).padStart(9, '0')}`;
    await this.loadedServer.request(`IAMAT ${client} +34.068930-118.445127 ${time}`);
    this.markers.push({ client, time, atMs: performance.now() });
  }

  private async checkFollowers(): Promise<void> {
    await Promise.all(
      this.followers.map(async (server) => {
        for (let marker = this.markers[server.known]; marker !== undefined; marker = this.markers[server.known]) {
          if (!(await isKnownAt(server.client, marker))) return;
          server.known += 1;
        }
      }),
    );
  }

  private async waitUntilKnown(): Promise<void> {
    const startedMs = performance.now();
    for (;;) {
      await this.checkFollowers();
      if (this.isSettled) return;
      if (performance.now() - startedMs > maxWaitMs) return;
      await pause(5);
    }
  }

  private get isSettled(): boolean {
    return this.followers.every(({ known }) => known === this.markers.length);
  }

  private currentLagMs(): number {
    const known = Math.min(Infinity, ...this.followers.map((server) => server.known));
    const oldest = this.markers[known];
    return oldest === undefined ? 0 : performance.now() - oldest.atMs;
  }
}

/** Returns whether a server has this report of its client or a newer one. Times are compared as strings of equal length. */
export async function isKnownAt(server: LineClient, { client, time }: AckedReport): Promise<boolean> {
  const line = await queryLocation(server, client);
  return (line?.split(' ')[5] ?? '') >= time;
}
