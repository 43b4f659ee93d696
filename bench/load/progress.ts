import { setTimeout as pause } from 'node:timers/promises';
import type { Told } from './load.js';
import type { LoadOrder } from './order.js';
import { LineClient, whereIs } from '../support/line-client.js';

/** Markers have clients of their own, so many that one is used again only when it has long been known. */
const markerClients = 8;
const everyMs = 100;
const giveUpMs = 10_000;

interface Marker extends Told {
  readonly atMs: number;
}

/**
 * How far the watched servers are behind the one that gets the load. Between the updates of the load that one is told of
 * markers, and each watched server is asked for them, one after the other: links keep the order, so a server that knows a
 * marker knows what was answered before it.
 */
export class Progress {
  behindMostMs = 0;
  private readonly markers: Marker[] = [];
  private readonly stopping = new AbortController();
  private work: Promise<void> = Promise.resolve();

  private constructor(
    private readonly first: LineClient,
    private readonly watched: readonly { readonly client: LineClient; known: number }[],
    private readonly seconds: number,
    private readonly behindAllowedMs: number,
  ) {}

  /** @param seconds the POSIX time of all markers, but for its fraction */
  static async start(order: LoadOrder, seconds: number): Promise<Progress> {
    const { port, watched, behindAllowedMs } = order;
    const [first, ...others] = await Promise.all([port, ...watched].map((each) => LineClient.connect(each)));
    if (first === undefined) throw new Error('nobody is told of markers');
    const asked = others.map((client) => ({ client, known: 0 }));
    const progress = new Progress(first, asked, seconds, behindAllowedMs);
    for (let index = 0; index < markerClients; index += 1) await progress.mark();
    // All markers are known everywhere once before it begins: a server asks others for what it has never heard of.
    await progress.settled();
    progress.behindMostMs = 0;
    progress.work = progress.run();
    return progress;
  }

  /** Whether servers are so far behind that the load must wait. */
  get isBehind(): boolean {
    return this.behindMs() > this.behindAllowedMs;
  }

  /** Marks the end, and waits until all watched servers know all of it, and these reports; false if they took too long. */
  async settle(reports: readonly Told[]): Promise<boolean> {
    this.stopping.abort();
    await this.work;
    await this.mark();
    await this.settled();
    const known = await Promise.all(this.watched.flatMap(({ client }) => reports.map((told) => knows(client, told))));
    return known.every(Boolean) && this.isSettled;
  }

  close(): void {
    for (const { client } of [{ client: this.first }, ...this.watched]) client.close();
  }

  private async run(): Promise<void> {
    let dueMs = performance.now();
    while (!this.stopping.signal.aborted) {
      await this.mark();
      await this.look();
      this.behindMostMs = Math.max(this.behindMostMs, this.behindMs());
      dueMs = Math.max(dueMs + everyMs, performance.now());
      await pause(dueMs - performance.now(), undefined, this.stopping).catch(() => undefined);
    }
  }

  private async mark(): Promise<void> {
    const number = this.markers.length;
    const client = `marker${number % markerClients}`;
    const time = `${this.seconds}.${String(number).padStart(9, '0')}`;
    await this.first.ask(`IAMAT ${client} +34.068930-118.445127 ${time}`);
    this.markers.push({ client, time, atMs: performance.now() });
  }

  private async look(): Promise<void> {
    await Promise.all(
      this.watched.map(async (server) => {
        for (let marker = this.markers[server.known]; marker !== undefined; marker = this.markers[server.known]) {
          if (!(await knows(server.client, marker))) return;
          server.known += 1;
        }
      }),
    );
  }

  private async settled(): Promise<void> {
    const startedMs = performance.now();
    for (;;) {
      await this.look();
      if (this.isSettled) return;
      if (performance.now() - startedMs > giveUpMs) return;
      await pause(5);
    }
  }

  private get isSettled(): boolean {
    return this.watched.every(({ known }) => known === this.markers.length);
  }

  private behindMs(): number {
    const known = Math.min(Infinity, ...this.watched.map((server) => server.known));
    const oldest = this.markers[known];
    return oldest === undefined ? 0 : performance.now() - oldest.atMs;
  }
}

/** Whether a server holds that report of its client, or a newer one. All times here are of one length. */
export async function knows(server: LineClient, { client, time }: Told): Promise<boolean> {
  const held = await whereIs(server, client);
  return (held?.split(' ')[5] ?? '') >= time;
}
