import { herd, herdInOne } from '../systems/all.js';
import { loadedServer, fiveServers, farthestServer } from '../systems/system.js';
import type { LoadJob, LoadResult } from '../load/load-job.js';
import { median } from '../support/statistics.js';
import { runInterleaved, runTurn, warmUpSystems, withSystems, type RunningEntry } from './lineup.js';
import type { BenchContext, Benchmark } from './benchmark.js';
import { clientCount, fillStores, responsesPerSecond, targetFields } from './throughput.js';

/** Background load as a fraction of the capacity of the herd. */
const loadShares = { idle: 0, '50 % load': 0.5, '90 % load': 0.9 } as const;

/** Time between two measurements of the probe, in milliseconds. */
const probeIntervalMs = 4;

/** Propagation delay from one server to another, three hops away. */
export const latency: Benchmark = {
  name: 'latency',
  title: 'Propagation delay from Metta to Howard, three hops away, and response times at a fixed rate',
  occasion: 'full-run',
  async run(bench) {
    const entries = [herd, herdInOne].map((system) => ({
      name: system.name,
      system,
      shape: { topology: fiveServers, log: 'every-line' } as const,
    }));
    await withSystems(bench, entries, async (runningEntries) => {
      for (const runningEntry of runningEntries) await fillStores(bench, runningEntry, clientCount);
      await warmUpSystems(bench, runningEntries, (runningEntry) => closedLoopJobFor(bench, runningEntry));
      const capacities = await measureCapacities(bench, runningEntries);
      for (const [load, share] of Object.entries(loadShares)) {
        const results = await runInterleaved(bench.settings.rounds, runningEntries, (runningEntry) =>
          runTurn(
            bench,
            runningEntry,
            openLoopJobFor(bench, runningEntry, share * (capacities.get(runningEntry.name) ?? 0)),
          ),
        );
        for (const { name } of runningEntries) recordLatencies(bench, `${name}, ${load}`, results.get(name) ?? []);
      }
    });
  },
};

/** Measures the capacity with one command in flight on each of 64 connections, which resembles a load at a fixed rate. */
async function measureCapacities(
  bench: BenchContext,
  runningEntries: readonly RunningEntry[],
): Promise<Map<string, number>> {
  const results = await runInterleaved(3, runningEntries, (runningEntry) =>
    runTurn(bench, runningEntry, closedLoopJobFor(bench, runningEntry)),
  );
  return new Map([...results].map(([name, rounds]) => [name, median(rounds.map(responsesPerSecond))]));
}

function closedLoopJobFor(bench: BenchContext, runningEntry: RunningEntry): LoadJob {
  return { ...openLoopJobFor(bench, runningEntry, 1), mode: { kind: 'closed', depth: 1 }, probe: undefined };
}

function openLoopJobFor(bench: BenchContext, runningEntry: RunningEntry, perSecond: number): LoadJob {
  const { warmUpMs, measureMs } = bench.settings;
  const { ports } = runningEntry.runningSystem;
  return {
    ...targetFields(runningEntry),
    workload: 'iamat',
    mode: { kind: 'open', perSecond },
    connections: 64,
    clients: clientCount,
    warmUpMs,
    warmUpRounds: 0,
    measureMs,
    maxLagMs: Infinity,
    probe: {
      reportPort: ports.get(loadedServer) ?? 0,
      queryPort: ports.get(farthestServer) ?? 0,
      intervalMs: probeIntervalMs,
    },
  };
}

function recordLatencies(bench: BenchContext, subject: string, results: readonly LoadResult[]): void {
  const of = { benchmark: latency.name, subject, unit: 'ms' } as const;
  const add = (metric: string, valueOf: (result: LoadResult) => number | undefined) => {
    const values = results.flatMap((result) => valueOf(result) ?? []);
    if (values.length > 0) bench.figures.add({ ...of, metric, values: values.map((micros) => micros / 1_000) });
  };
  add('propagation, p50', ({ propagation }) => propagation?.p50);
  add('propagation, p99', ({ propagation }) => propagation?.p99);
  add('response, p50', ({ latency: each }) => each?.p50);
  add('response, p99', ({ latency: each }) => each?.p99);
  add('send delay, p99', ({ lateness }) => lateness?.p99);
}
