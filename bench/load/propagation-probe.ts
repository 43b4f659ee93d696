import { createHistogram } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { LineClient } from '../support/line-client.js';
import { isKnownAt } from './propagation-progress.js';
import { readQuantiles } from './quantiles.js';
import type { Quantiles } from './load-job.js';

/** Measures repeatedly the delay from the response of one server until another server has the location. */
export class PropagationProbe {
  private readonly histogram = createHistogram();
  private isStopped = false;
  private loop: Promise<void> = Promise.resolve();

  private constructor(
    private readonly reporter: LineClient,
    private readonly reader: LineClient,
    private readonly intervalMs: number,
    private readonly seconds: number,
  ) {}

  static async start(
    reportPort: number,
    queryPort: number,
    intervalMs: number,
    seconds: number,
  ): Promise<PropagationProbe> {
    const [reporter, reader] = await Promise.all([LineClient.connect(reportPort), LineClient.connect(queryPort)]);
    const probe = new PropagationProbe(reporter, reader, intervalMs, seconds);
    // The first measurements include a lookup of an unknown client and the first upstream request.
    for (let number = 0; number < 20; number += 1) await probe.measureOnce(number);
    probe.histogram.reset();
    return probe;
  }

  run(): void {
    this.loop = (async () => {
      for (let number = 20; !this.isStopped; number += 1) {
        await pause(this.intervalMs);
        await this.measureOnce(number);
      }
    })();
  }

  async stop(): Promise<Quantiles | undefined> {
    this.isStopped = true;
    await this.loop;
    this.reporter.close();
    this.reader.close();
    return readQuantiles(this.histogram);
  }

  private async measureOnce(number: number): Promise<void> {
    const report = { client: 'probe', time: `${this.seconds}.${String(number).padStart(9, '0')}` };
    await this.reporter.request(`IAMAT ${report.client} +34.068930-118.445127 ${report.time}`);
    const answeredMs = performance.now();
    while (!(await isKnownAt(this.reader, report)));
    this.histogram.record(Math.max(1, Math.round((performance.now() - answeredMs) * 1_000)));
  }
}
