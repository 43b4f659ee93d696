import type { LoadJob } from '../load/load-job.js';
import type { BenchContext, Benchmark } from '../benchmarks/benchmark.js';
import { runInterleaved, runTurn, warmUpSystems, withSystems, type RunningEntry } from '../benchmarks/lineup.js';
import {
  clientCount,
  cpuMicrosPerResponse,
  maxLagMs,
  responsesPerSecond,
  runSustained,
} from '../benchmarks/throughput.js';
import { baselineBuild } from '../systems/herd-build.js';
import { memberNames, natsProcessName, natsSystem } from '../systems/nats-herd.js';

/** Number of members, of which one takes all reports. */
export const costMembers = 6;

/** Names of the systems in the figures. */
export const [partitionsSubject, baselineSubject] = ['Herd on NATS', 'Herd on NATS, baseline build'] as const;

/** CPU time of a report in a herd on NATS, against the baseline build, which writes it into a JetStream bucket. */
export const natsCost: Benchmark = {
  name: 'nats-cost',
  title: `A report in a herd of ${costMembers} on NATS, all at one member: 64 connections, 16 in flight on each`,
  occasion: 'never',
  async run(bench) {
    const systems = [
      natsSystem(partitionsSubject, { members: costMembers }),
      natsSystem(baselineSubject, { members: costMembers, build: baselineBuild }),
    ];
    const entries = systems.map((system) => ({
      name: system.name,
      system,
      shape: { topology: {}, log: 'every-line' } as const,
    }));
    await withSystems(bench, entries, async (runningEntries) => {
      const { rounds } = bench.settings;
      await warmUpSystems(bench, runningEntries, (runningEntry) => jobFor(bench, runningEntry));
      const results = await runInterleaved(rounds, runningEntries, async (runningEntry, round) => {
        bench.print(`  round ${round + 1} of ${rounds}: ${runningEntry.name}`);
        return runSustained((job) => runTurn(bench, runningEntry, job), jobFor(bench, runningEntry));
      });
      for (const { name, runningSystem } of runningEntries) {
        const [first = ''] = memberNames(1);
        const micros = (process?: string): number[] =>
          (results.get(name) ?? []).map((result) => cpuMicrosPerResponse(result, runningSystem, process));
        const rates = (results.get(name) ?? []).map(responsesPerSecond);
        bench.figures.add({
          benchmark: natsCost.name,
          subject: name,
          metric: 'rate',
          unit: 'per second',
          values: rates,
        });
        const add = (metric: string, values: readonly number[]): void =>
          bench.figures.add({ benchmark: natsCost.name, subject: name, metric, unit: 'µs', values });
        const [ofFirst, ofNats, ofAll] = [micros(first), micros(natsProcessName), micros()];
        add('CPU, first server', ofFirst);
        add(
          'CPU, other servers',
          ofAll.map((all, round) => all - (ofFirst[round] ?? 0) - (ofNats[round] ?? 0)),
        );
        add('CPU, nats-server', ofNats);
      }
    });
  },
};

function jobFor({ settings: { warmUpMs, measureMs } }: BenchContext, { runningSystem }: RunningEntry): LoadJob {
  const [first = ''] = memberNames(1);
  return {
    port: runningSystem.ports.get(first) ?? 0,
    followerPorts: memberNames(costMembers)
      .slice(1)
      .map((name) => runningSystem.ports.get(name) ?? 0),
    pids: [...runningSystem.pids.values()],
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
