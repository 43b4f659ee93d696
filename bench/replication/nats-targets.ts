import { setTimeout as pause } from 'node:timers/promises';
import { natsProcessName } from '../systems/nats-herd.js';
import type { RunningSystem } from '../systems/system.js';
import { withSystems, type RunningEntry } from '../benchmarks/lineup.js';
import type { BenchContext, Benchmark } from '../benchmarks/benchmark.js';
import { fillStores, targetFields } from '../benchmarks/throughput.js';
import { LineClient } from '../support/line-client.js';
import { quantile } from '../support/statistics.js';
import { measureJoinTime } from './join-time.js';
import { measurePropagation } from './propagation-delay.js';
import { replicationShapes } from './shapes.js';

/** Number of clients that a joining server receives. */
const clients = 100_000;

/** Samples per round: propagation delays, and response times with NATS up and with NATS paused. */
const sampleCounts = { full: { delays: 150, responses: 300 }, quick: { delays: 40, responses: 150 } } as const;

/** Time between two reports, in milliseconds, so that replication of the previous one does not use the core. */
const reportIntervalMs = 10;

/** Timeout for the servers to detect that NATS is paused or up again, in milliseconds. */
const maxDetectionMs = 60_000;

/** Measures the latency targets of a herd of five on NATS. */
export const natsTargets: Benchmark = {
  name: 'nats',
  title: 'Five servers on NATS: propagation to all servers, response time with NATS up and paused, join time',
  occasion: 'never',
  async run(bench) {
    const entries = replicationShapes(5)
      .filter(({ replication }) => replication === 'nats')
      .map(({ system, topology }) => ({ name: subject, system, shape: { topology, log: 'every-line' } as const }));
    await withSystems(bench, entries, async ([runningEntry]) => {
      if (runningEntry === undefined) return;
      // First, so that hot code is compiled.
      await fillStores(bench, runningEntry, clients);
      const rounds: RoundTimes[] = [];
      for (let round = 1; round <= bench.settings.rounds; round += 1) {
        rounds.push(await measureRound(bench, runningEntry));
        bench.print(`  round ${round} of ${bench.settings.rounds}`);
      }
      recordFigure(
        bench,
        'full propagation, p99',
        rounds.map(({ propagationMs }) => propagationMs),
      );
      recordFigure(
        bench,
        'response, NATS up',
        rounds.map(({ connectedMs }) => connectedMs),
      );
      recordFigure(
        bench,
        'response, NATS paused',
        rounds.map(({ pausedMs }) => pausedMs),
      );
      const { ms } = await measureJoinTime(runningEntry.runningSystem);
      recordFigure(bench, 'join time', [ms]);
    });
  },
};

const subject = 'NATS, 5';

/** Times of one round, all in milliseconds. */
interface RoundTimes {
  readonly propagationMs: number;
  /** Response time of IAMAT with NATS up. */
  readonly connectedMs: number;
  /** Response time of IAMAT with NATS paused. */
  readonly pausedMs: number;
}

async function measureRound(bench: BenchContext, runningEntry: RunningEntry): Promise<RoundTimes> {
  const { delays, responses } = sampleCounts[bench.settings.kind];
  const { port, followerPorts } = targetFields(runningEntry);
  const propagationMs = quantile(await measurePropagation(port, followerPorts, delays), 0.99);
  const nats = runningEntry.runningSystem.pids.get(natsProcessName) ?? 0;
  // Both in one round, so that a slow machine affects both.
  const connectedMs = await measureResponseMs(port, responses);
  process.kill(nats, 'SIGSTOP');
  let pausedMs: number;
  try {
    await waitForBucketState(runningEntry.runningSystem, (state) => state === 'disconnected' || state === 'connecting');
    pausedMs = await measureResponseMs(port, responses);
  } finally {
    process.kill(nats, 'SIGCONT');
  }
  await waitForBucketState(runningEntry.runningSystem, (state) => state === 'live');
  return { propagationMs, connectedMs, pausedMs };
}

/** Median response time of IAMAT, one command at a time, in milliseconds. */
async function measureResponseMs(port: number, count: number): Promise<number> {
  const client = await LineClient.connect(port);
  const timesMs: number[] = [];
  for (let number = 0; number < count; number += 1) {
    await pause(reportIntervalMs);
    const startedMs = performance.now();
    await client.request(`IAMAT timed-${number % 64} +34.068930-118.445127 ${(Date.now() / 1_000).toFixed(3)}`);
    timesMs.push(performance.now() - startedMs);
  }
  client.close();
  return quantile(timesMs, 0.5);
}

/** Waits until the bucket state of all servers is as expected. */
async function waitForBucketState(
  { httpPorts }: RunningSystem,
  isExpected: (state: string | undefined) => boolean,
): Promise<void> {
  const startedMs = performance.now();
  for (const port of httpPorts?.values() ?? []) {
    while (!isExpected(await readBucketState(port))) {
      if (performance.now() - startedMs > maxDetectionMs)
        throw new Error(`bucket state not as expected within ${maxDetectionMs} ms`);
      await pause(100);
    }
  }
}

async function readBucketState(port: number): Promise<string | undefined> {
  const response = await fetch(`http://127.0.0.1:${port}/api/herd`);
  return ((await response.json()) as { readonly bucket: { readonly state: string } | null }).bucket?.state;
}

function recordFigure({ figures }: BenchContext, metric: string, values: readonly number[]): void {
  figures.add({ benchmark: natsTargets.name, subject, metric, unit: 'ms', values });
}
