import { natsProcessName } from '../systems/nats-herd.js';
import type { LoadJob, LoadResult } from '../load/load-job.js';
import { runInterleaved, runTurn, warmUpSystems, withSystems, type RunningEntry } from '../benchmarks/lineup.js';
import type { BenchContext, Benchmark } from '../benchmarks/benchmark.js';
import { maxLagMs, clientCount, responsesPerSecond, runSustained, targetFields } from '../benchmarks/throughput.js';
import { quantile } from '../support/statistics.js';
import { readSentBytes } from '../support/wire-bytes.js';
import { measurePropagation } from './propagation-delay.js';
import { replicationShapes, reportedServer, type ReplicationShape } from './shapes.js';

/** Fewer rounds than elsewhere, because many herds are measured. */
const maxRounds = 3;

/** Warm-up per server, in milliseconds: the processes share one core until hot code is compiled. */
const warmUpPerServerMs = 2_000;
/** Maximum warm-up of a herd, in milliseconds. */
const maxWarmUpMs = 20_000;

/** Number of propagation delays measured per round on an idle herd. */
const delaysPerRound = { full: 150, quick: 40 } as const;

/** Result of a load job, with the bytes sent between servers meanwhile; undefined if they cannot be counted. */
interface CountedResult extends LoadResult {
  readonly bytes: number | undefined;
}

/** Cost and delay of replication by number of servers. */
export const replicationCost: Benchmark = {
  name: 'replication',
  title: 'Replication from one server to all others: 64 connections, 16 in flight on each; delay of single reports',
  occasion: 'never',
  async run(bench) {
    const { settings } = bench;
    for (const servers of settings.kind === 'full' ? [2, 4, 8, 16] : [2, 8]) {
      const initialWarmUpMs = Math.min(
        maxWarmUpMs,
        settings.kind === 'full' ? warmUpPerServerMs * servers : settings.initialWarmUpMs,
      );
      const adapted = {
        ...bench,
        settings: { ...settings, initialWarmUpMs, rounds: Math.min(maxRounds, settings.rounds) },
      };
      await measureSize(adapted, replicationShapes(servers));
    }
  },
};

async function measureSize(bench: BenchContext, shapes: readonly ReplicationShape[]): Promise<void> {
  const entries = shapes.map(({ name, system, topology }) => ({
    name,
    system,
    shape: { topology, log: 'every-line' } as const,
  }));
  await withSystems(bench, entries, async (runningEntries) => {
    const { rounds, kind } = bench.settings;
    bench.print(`  running: ${runningEntries.map(({ name }) => name).join('; ')} servers`);
    await warmUpSystems(bench, runningEntries, (runningEntry) => ({ ...jobFor(bench, runningEntry), warmUpRounds: 1 }));
    const results = await runInterleaved(rounds, runningEntries, async (runningEntry, round) => {
      const result = await runSustained((job) => runCounted(bench, runningEntry, job), jobFor(bench, runningEntry));
      bench.print(
        `  round ${round + 1} of ${rounds}: ${runningEntry.name} servers ${responsesPerSecond(result).toFixed(0)}/s`,
      );
      return result;
    });
    const delaysMs = await runInterleaved(rounds, runningEntries, async (runningEntry, round) => {
      const { port, followerPorts } = targetFields(runningEntry);
      const delays = await measurePropagation(port, followerPorts, delaysPerRound[kind]);
      bench.print(
        `  round ${round + 1} of ${rounds}: ${runningEntry.name} servers, median delay ${quantile(delays, 0.5).toFixed(1)} ms`,
      );
      return delays;
    });
    for (const runningEntry of runningEntries) {
      recordCost(bench, runningEntry, results.get(runningEntry.name) ?? []);
      recordDelays(bench, runningEntry.name, delaysMs.get(runningEntry.name) ?? []);
    }
  });
}

function jobFor({ settings: { warmUpMs, measureMs } }: BenchContext, runningEntry: RunningEntry): LoadJob {
  return {
    ...targetFields(runningEntry),
    workload: 'iamat',
    mode: { kind: 'closed', depth: 16 },
    connections: 64,
    clients: clientCount,
    warmUpMs,
    warmUpRounds: 0,
    measureMs,
    maxLagMs,
  };
}

async function runCounted(bench: BenchContext, runningEntry: RunningEntry, job: LoadJob): Promise<CountedResult> {
  const ports = runningEntry.runningSystem.linkPorts ?? [];
  const before = readSentBytes(ports);
  const result = await runTurn(bench, runningEntry, job);
  const after = readSentBytes(ports);
  if (before === undefined || after === undefined) bench.figures.note('bytes are not counted (ss is not installed)');
  return { ...result, bytes: before === undefined || after === undefined ? undefined : after - before };
}

function recordCost(
  { figures }: BenchContext,
  { name, runningSystem }: RunningEntry,
  results: readonly CountedResult[],
): void {
  const of = { benchmark: replicationCost.name, subject: name };
  const pids = [...runningSystem.pids.keys()];
  const micros = (isCounted: (process: string) => boolean) =>
    results.map(({ total: { cpuMs, responses } }) => {
      const ms = cpuMs.reduce((sum, each, index) => (isCounted(pids[index] ?? '') ? sum + each : sum), 0);
      return (ms * 1_000) / responses;
    });
  figures.add({ ...of, metric: 'rate', unit: 'per second', values: results.map(responsesPerSecond) });
  figures.add({
    ...of,
    metric: 'CPU, first server',
    unit: 'µs',
    values: micros((process) => process === reportedServer),
  });
  figures.add({ ...of, metric: 'CPU, servers', unit: 'µs', values: micros((process) => process !== natsProcessName) });
  if (runningSystem.pids.has(natsProcessName)) {
    figures.add({
      ...of,
      metric: 'CPU, nats-server',
      unit: 'µs',
      values: micros((process) => process === natsProcessName),
    });
  }
  const bytes = results.flatMap((result) =>
    result.bytes === undefined ? [] : [result.bytes / result.total.responses],
  );
  if (bytes.length > 0) figures.add({ ...of, metric: 'bytes', unit: 'bytes', values: bytes });
  if (results.some((result) => responsesPerSecond(result) === 0)) {
    figures.note(`${name} servers: the herd did not keep up in every round; such a round counts as rate 0`);
  }
}

function recordDelays({ figures }: BenchContext, subject: string, rounds: readonly (readonly number[])[]): void {
  for (const [metric, fraction] of [
    ['full propagation, p50', 0.5],
    ['full propagation, p99', 0.99],
  ] as const) {
    const values = rounds.map((roundMs) => quantile(roundMs, fraction));
    figures.add({ benchmark: replicationCost.name, subject, metric, unit: 'ms', values });
  }
}
