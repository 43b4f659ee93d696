import { bareNode, herd } from '../systems/all.js';
import { loadedServer, fiveServers, farthestServer } from '../systems/system.js';
import type { LoadJob, LoadResult } from '../load/load-job.js';
import { median } from '../support/statistics.js';
import { runInterleaved, runTurn, warmUpSystems, withSystems, type RunningEntry } from './lineup.js';
import type { BenchContext, Benchmark } from './benchmark.js';
import { clientCount, fillStores, responsesPerSecond, targetFields } from './throughput.js';

/** Background load as a fraction of the capacity of the bare Node herd, the same rate for all systems. */
const loadShares = { idle: 0, '90 % load': 0.9 } as const;

/** Rounds in which the capacity is measured. */
const capacityRounds = 3;

/** Time between two measurements of the probe, in milliseconds. */
const probeIntervalMs = 4;

/** A 99th percentile needs more measurements than a rate. */
const measureFactor = 2;

/** Propagation delay from one server to another, three hops away. */
export const latency: Benchmark = {
  name: 'latency',
  title: 'Propagation delay from Metta to Howard, three hops away, idle and at 90 % of the capacity of bare Node',
  occasion: 'full-run',
  async run(bench) {
    const entries = [herd, bareNode].map((system) => ({
      name: system.name,
      system,
      shape: { topology: fiveServers, log: 'every-line' } as const,
    }));
    await withSystems(bench, entries, async (runningEntries) => {
      for (const runningEntry of runningEntries) await fillStores(bench, runningEntry, clientCount);
      await warmUpSystems(bench, runningEntries, (runningEntry) => closedLoopJobFor(bench, runningEntry));
      const capacity = await measureCapacity(
        bench,
        runningEntries.filter(({ name }) => name === bareNode.name),
      );
      bench.print(`  capacity of ${bareNode.name}: ${capacity.toFixed(0)}/s`);
      for (const [load, share] of Object.entries(loadShares)) {
        const results = await runInterleaved(bench.settings.rounds, runningEntries, (runningEntry) =>
          runTurn(bench, runningEntry, openLoopJobFor(bench, runningEntry, share * capacity)),
        );
        for (const { name } of runningEntries) recordLatencies(bench, `${name}, ${load}`, results.get(name) ?? []);
      }
    });
  },
};

/** Measures the capacity with one command in flight on each of 64 connections, which resembles a load at a fixed rate. */
async function measureCapacity(bench: BenchContext, runningEntries: readonly RunningEntry[]): Promise<number> {
  const results = await runInterleaved(capacityRounds, runningEntries, (runningEntry) =>
    runTurn(bench, runningEntry, closedLoopJobFor(bench, runningEntry)),
  );
  return median([...results.values()].flat().map(responsesPerSecond));
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
    measureMs: measureFactor * measureMs,
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
