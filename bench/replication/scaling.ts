import { setTimeout as pause } from 'node:timers/promises';
import type { BenchContext, Benchmark } from '../benchmarks/benchmark.js';
import { runInterleaved, withSystems, type RunningEntry } from '../benchmarks/lineup.js';
import { truncateLogs } from '../support/logs.js';
import { cpuMs } from '../support/process-table.js';
import { memberNames, natsProcessName, natsSystem } from '../systems/nats-herd.js';
import { AckedTimes } from './acked-times.js';
import { SteadyLoad } from './steady-load.js';

/** Reports per second and member. */
export const reportsPerMember = 500;
const connectionsPerMember = 20;
const clientsPerMember = 5_000;

const durations = {
  full: { warmUpMs: 10_000, measureMs: 10_000 },
  quick: { warmUpMs: 2_000, measureMs: 2_000 },
} as const;

/** CPU use of a member under a load that grows with the number of members. */
export const natsScaling: Benchmark = {
  name: 'nats-scaling',
  title: `Members of a herd on NATS, ${reportsPerMember} reports per second at each, replicas: 3`,
  occasion: 'never',
  async run(bench) {
    const sizes = bench.settings.kind === 'full' ? [4, 8, 16] : [4, 8];
    const entries = sizes.map((members) => ({
      name: scalingSubject(members),
      system: natsSystem(scalingSubject(members), { members }),
      shape: { topology: {}, log: 'every-line' } as const,
    }));
    await withSystems(bench, entries, async (runningEntries) => {
      // The first round compiles hot code, and is not counted.
      const { rounds } = bench.settings;
      const results = await runInterleaved(rounds + 1, runningEntries, (runningEntry) => measure(bench, runningEntry));
      for (const [subject, measured] of results) record(bench, subject, measured.slice(1));
    });
  },
};

/** Name of a herd of this size in the figures. */
export function scalingSubject(members: number): string {
  return `${members} members`;
}

/** CPU time of one round, in milliseconds. */
interface RoundCpu {
  readonly windowMs: number;
  readonly responses: number;
  readonly memberMs: readonly number[];
  readonly natsMs: number;
}

async function measure(bench: BenchContext, { name, runningSystem }: RunningEntry): Promise<RoundCpu> {
  const { warmUpMs, measureMs } = durations[bench.settings.kind];
  const { ports, pids, logs = '' } = runningSystem;
  const members = memberNames(ports.size);
  const load = await SteadyLoad.connect(
    {
      ports,
      members,
      perSecond: reportsPerMember,
      connectionsPerMember,
      clients: clientsPerMember * members.length,
      queryShare: 0,
    },
    new AckedTimes(0),
  );
  try {
    load.start();
    await pause(warmUpMs);
    load.reset();
    const startedMs = performance.now();
    const before = new Map([...pids].map(([process, pid]) => [process, cpuMs(pid)]));
    await pause(measureMs);
    const used = (process: string): number => cpuMs(pids.get(process) ?? 0) - (before.get(process) ?? 0);
    const { responses } = load;
    const windowMs = performance.now() - startedMs;
    const due = (windowMs / 1_000) * reportsPerMember * members.length;
    if (load.wrongCount > 0) bench.figures.note(`${name}: ${load.wrongCount} wrong or missing responses`);
    if (responses < 0.95 * due) bench.figures.note(`${name}: the herd or the load did not keep up with the rate`);
    bench.print(`  ${name}: ${((responses * 1_000) / windowMs).toFixed(0)} reports/s`);
    return { windowMs, responses, memberMs: members.map(used), natsMs: used(natsProcessName) };
  } finally {
    await load.stop();
    truncateLogs(logs);
  }
}

function record({ figures }: BenchContext, subject: string, rounds: readonly RoundCpu[]): void {
  const of = { benchmark: natsScaling.name, subject };
  const total = ({ memberMs }: RoundCpu): number => memberMs.reduce((sum, ms) => sum + ms, 0);
  const add = (metric: string, unit: 'part' | 'µs' | 'per second', value: (round: RoundCpu) => number): void =>
    figures.add({ ...of, metric, unit, values: rounds.map(value) });
  add('rate', 'per second', ({ responses, windowMs }) => (responses * 1_000) / windowMs);
  add('CPU, member', 'part', (round) => total(round) / round.memberMs.length / round.windowMs);
  add('CPU, busiest member', 'part', ({ memberMs, windowMs }) => Math.max(...memberMs) / windowMs);
  add('CPU, nats-server', 'part', ({ natsMs, windowMs }) => natsMs / windowMs);
  add('CPU per report, members', 'µs', (round) => (total(round) * 1_000) / round.responses);
  add('CPU per report, nats-server', 'µs', ({ natsMs, responses }) => (natsMs * 1_000) / responses);
}
