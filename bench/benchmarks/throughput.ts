import { loadedServer, type RunningSystem } from '../systems/system.js';
import type { LoadJob, LoadResult } from '../load/load-job.js';
import { HerdSystem } from '../systems/herd.js';
import { onNode } from '../report/node-comparison.js';
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
    comparesNodes: true,
    async run(bench) {
      const { rounds } = bench.settings;
      await withSystems(bench, entriesFor(bench, spec), async (runningEntries) => {
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

/** With versions of Node.js to compare, the first system on each of them instead of all systems. */
function entriesFor(bench: BenchContext, spec: ThroughputSpec): readonly LineupEntry[] {
  const entries = spec.entries(bench);
  const [first] = entries;
  if (bench.nodes.size === 0 || !(first?.system instanceof HerdSystem)) return entries;
  const { options } = first.system;
  return [...bench.nodes].map(([version, node]) => {
    const name = onNode(first.name, version);
    return { ...first, name, system: new HerdSystem(name, { ...options, node }) };
  });
}

/** Reports `clients` clients, each `rounds` times, and waits until all servers have them. */
export async function fillStores(
  bench: BenchContext,
  runningEntry: RunningEntry,
  clients: number,
  rounds = 1,
): Promise<void> {
  await runTurn(bench, runningEntry, {
    ...targetFields(runningEntry),
    workload: 'iamat',
    mode: { kind: 'closed', depth: 16 },
    connections: 64,
    clients,
    warmUpMs: 0,
    warmUpRounds: rounds,
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

/** CPU time of one process, or of all, per response of a run including its warm-up, in microseconds. */
export function cpuMicrosPerResponse(
  { total: { cpuMs, responses } }: LoadResult,
  { pids }: RunningSystem,
  process?: string,
): number {
  const counted = [...pids.keys()].map((name, index) => (name === (process ?? name) ? (cpuMs[index] ?? 0) : 0));
  return (counted.reduce((sum, ms) => sum + ms, 0) * 1_000) / responses;
}

function recordThroughput(
  bench: BenchContext,
  spec: ThroughputSpec,
  { name, runningSystem }: RunningEntry,
  results: readonly LoadResult[],
): void {
  const { figures } = bench;
  const of = { benchmark: spec.name, subject: name };
  const micros = (server?: string) => results.map((result) => cpuMicrosPerResponse(result, runningSystem, server));
  figures.add({ ...of, metric: 'rate', unit: 'per second', values: results.map(responsesPerSecond) });
  if (runningSystem.pids.has(loadedServer)) {
    figures.add({ ...of, metric: 'CPU, first server', unit: 'µs', values: micros(loadedServer) });
  }
  figures.add({ ...of, metric: 'CPU, herd', unit: 'µs', values: micros() });
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
