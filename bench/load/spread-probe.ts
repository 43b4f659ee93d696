import { createHistogram } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { LineClient } from '../support/line-client.js';
import { knows } from './progress.js';
import { quantilesOf } from './quantiles.js';
import type { Quantiles } from './order.js';

/** Takes, again and again, the time from the answer of one server until another one knows. */
export class SpreadProbe {
  private readonly histogram = createHistogram();
  private state: 'running' | 'stopped' = 'running';
  private work: Promise<void> = Promise.resolve();

  private constructor(
    private readonly told: LineClient,
    private readonly asked: LineClient,
    private readonly everyMs: number,
    private readonly seconds: number,
  ) {}

  static async start(tell: number, ask: number, everyMs: number, seconds: number): Promise<SpreadProbe> {
    const [told, asked] = await Promise.all([LineClient.connect(tell), LineClient.connect(ask)]);
    const probe = new SpreadProbe(told, asked, everyMs, seconds);
    // The first ones find a server that has never heard of the client, and an upstream that was never asked.
    for (let number = 0; number < 20; number += 1) await probe.once(number);
    probe.histogram.reset();
    return probe;
  }

  run(): void {
    this.work = (async () => {
      for (let number = 20; this.state === 'running'; number += 1) {
        await pause(this.everyMs);
        await this.once(number);
      }
    })();
  }

  async stop(): Promise<Quantiles | undefined> {
    this.state = 'stopped';
    await this.work;
    this.told.close();
    this.asked.close();
    return quantilesOf(this.histogram);
  }

  private async once(number: number): Promise<void> {
    const told = { client: 'probe', time: `${this.seconds}.${String(number).padStart(9, '0')}` };
    await this.told.ask(`IAMAT ${told.client} +34.068930-118.445127 ${told.time}`);
    const answeredMs = performance.now();
    while (!(await knows(this.asked, told)));
    this.histogram.record(Math.max(1, Math.round((performance.now() - answeredMs) * 1_000)));
  }
}
