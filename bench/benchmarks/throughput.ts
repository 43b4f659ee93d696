import { loadedServer } from '../systems/system.js';
import type { LoadJob, LoadResult } from '../load/load-job.js';
import { memoryBytes } from '../support/process-table.js';
import { runInterleaved, runTurn, warmUpSystems, withSystems, type RunningEntry, type LineupEntry } from './lineup.js';
import type { BenchContext, Benchmark, Occasion } from './benchmark.js';

/** Number of clients of the load: enough that a client is reported again only after its previous report has propagated. */
export const clientCount = 16_384;

/** A rate counts as sustained only if all servers have all updates within this time after the load, in milliseconds. */
const maxDrainMs = 1_000;

/** The load pauses while a server lags more than this, in milliseconds. */
export const maxLagMs = 400;
/** Lower bound of the allowed lag when it is reduced for a herd that does not keep up, in milliseconds. */
const minAllowedLagMs = 100;

/** Above this CPU use, the load generator itself may be the bottleneck. */
const maxGeneratorShare = 0.9;

/** Definition of a throughput benchmark. */
export interface ThroughputSpec {
  readonly name: string;
  readonly title: string;
  readonly occasion: Occasion;
  readonly load: Pick<LoadJob, 'workload' | 'mode' | 'connections'>;
  /** Workloads by system name, for systems with another protocol. */
  readonly workloads?: Readonly<Record<string, LoadJob['workload']>>;
  /** Whether all clients are stored before the measurement. */
  readonly prefill?: boolean;
  /** Returns the systems to measure. */
  entries(bench: BenchContext): readonly LineupEntry[];
}

/** A benchmark of the sustained rate and of the cost per command. */
export function throughputBenchmark(spec: ThroughputSpec): Benchmark {
  return {
    ...spec,
    async run(bench) {
      const { rounds } = bench.settings;
      await withSystems(bench, spec.entries(bench), async (runningEntries) => {
        for (const runningEntry of spec.prefill === true ? runningEntries : [])
          await fillStores(bench, runningEntry, clientCount);
        await warmUpSystems(bench, runningEntries, (runningEntry) => firstJobFor(bench, spec, runningEntry));
        const results = await runInterleaved(rounds, runningEntries, async (runningEntry, round) => {
          const result = await runSustained(
            (job) => runTurn(bench, runningEntry, job),
            jobFor(bench, spec, runningEntry),
          );
          bench.print(
            `  round ${round + 1} of ${rounds}: ${runningEntry.name} ${responsesPerSecond(result).toFixed(0)}/s`,
          );
          return result;
        });
        for (const runningEntry of runningEntries)
          recordThroughput(bench, spec, runningEntry, results.get(runningEntry.name) ?? []);
      });
    },
  };
}

/** Reports `clients` clients, and waits until all servers have them. */
export async function fillStores(bench: BenchContext, runningEntry: RunningEntry, clients: number): Promise<void> {
  await runTurn(bench, runningEntry, {
    ...targetFields(runningEntry),
    workload: 'iamat',
    mode: { kind: 'closed', depth: 16 },
    connections: 64,
    clients,
    warmUpMs: 0,
    warmUpRounds: 1,
    measureMs: 100,
    maxLagMs,
  });
}

/** The first job reports all clients once. */
function firstJobFor(bench: BenchContext, spec: ThroughputSpec, runningEntry: RunningEntry): LoadJob {
  const job = jobFor(bench, spec, runningEntry);
  return job.mode.kind === 'closed' && spec.prefill !== true ? { ...job, warmUpRounds: 1 } : job;
}

function jobFor(bench: BenchContext, spec: ThroughputSpec, runningEntry: RunningEntry): LoadJob {
  const { warmUpMs, measureMs } = bench.settings;
  return {
    ...targetFields(runningEntry),
    ...spec.load,
    workload: spec.workloads?.[runningEntry.name] ?? spec.load.workload,
    clients: clientCount,
    warmUpMs,
    warmUpRounds: 0,
    measureMs,
    maxLagMs,
  };
}

/** Returns the port of the loaded server, the ports of all others, and the process IDs. */
export function targetFields({ runningSystem }: RunningEntry): Pick<LoadJob, 'port' | 'followerPorts' | 'pids'> {
  const { ports, pids } = runningSystem;
  const server = ports.has(loadedServer) ? loadedServer : ([...ports.keys()][0] ?? '');
  return {
    port: ports.get(server) ?? 0,
    followerPorts: [...ports].filter(([each]) => each !== server).map(([, port]) => port),
    pids: [...pids.values()],
  };
}

/** Runs a job; repeats it with half the allowed lag while the herd does not keep up. */
export async function runSustained<Result extends LoadResult>(
  run: (job: LoadJob) => Promise<Result>,
  job: LoadJob,
): Promise<Result> {
  const result = await run(job);
  if (result.drainMs <= maxDrainMs || job.maxLagMs < minAllowedLagMs) return result;
  return runSustained(run, { ...job, maxLagMs: job.maxLagMs / 2 });
}

/** Responses per second; 0 if the herd did not keep up. */
export function responsesPerSecond({ responses, windowMs, drainMs }: LoadResult): number {
  return drainMs > maxDrainMs ? 0 : (responses * 1_000) / windowMs;
}

function recordThroughput(
  bench: BenchContext,
  spec: ThroughputSpec,
  { name, runningSystem }: RunningEntry,
  results: readonly LoadResult[],
): void {
  const { figures } = bench;
  const of = { benchmark: spec.name, subject: name };
  const pids = [...runningSystem.pids.keys()];
  const cpuMs = (result: LoadResult, isCounted: (server: string) => boolean) =>
    result.total.cpuMs.reduce((sum, ms, index) => (isCounted(pids[index] ?? '') ? sum + ms : sum), 0);
  const micros = (isCounted: (server: string) => boolean) =>
    results.map((result) => (cpuMs(result, isCounted) * 1_000) / result.total.responses);
  figures.add({ ...of, metric: 'rate', unit: 'per second', values: results.map(responsesPerSecond) });
  if (runningSystem.pids.has(loadedServer)) {
    figures.add({
      ...of,
      metric: 'CPU, first server',
      unit: 'µs',
      values: micros((server) => server === loadedServer),
    });
  }
  figures.add({ ...of, metric: 'CPU, herd', unit: 'µs', values: micros(() => true) });
  const peak = [...runningSystem.pids.values()].reduce((sum, pid) => sum + memoryBytes(pid, 'peak'), 0);
  figures.add({ ...of, metric: 'peak memory', unit: 'MB', values: [peak / 1_048_576] });
  figures.add({ ...of, metric: 'max lag', unit: 'ms', values: results.map(({ lagMs }) => lagMs) });
  figures.add({ ...of, metric: 'drain time', unit: 'ms', values: results.map(({ drainMs }) => drainMs) });
  figures.add({
    ...of,
    metric: 'generator',
    unit: 'part',
    values: results.map(({ generatorShare }) => generatorShare),
  });
  if (results.some(({ drainMs }) => drainMs > maxDrainMs)) {
    figures.note(`${spec.title}, ${name}: the herd did not keep up in every round; such a round counts as rate 0`);
  }
  if (results.some(({ generatorShare }) => generatorShare >= maxGeneratorShare)) {
    figures.note(`${spec.title}, ${name}: the load generator was at its limit; the rate may be higher`);
  }
}
