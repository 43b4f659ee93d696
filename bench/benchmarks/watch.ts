import { earlierHerd, herd } from '../systems/all.js';
import { singleServer } from '../systems/system.js';
import type { LoadJob } from '../load/load-job.js';
import { runInterleaved, runTurn, warmUpSystems, withSystems, type RunningEntry } from './lineup.js';
import type { Benchmark } from './benchmark.js';
import { cpuMicrosPerResponse, targetFields } from './throughput.js';

const watchers = { connections: 1_000, clientsEach: 10 } as const;
const changesPerSecond = 5_000;

/** Cost of subscriptions: CPU time per change, and the delay until its subscriber has it. */
export const watch: Benchmark = {
  name: 'watch',
  title: 'Single server, 5,000 changes per second, each to one of 1,000 subscribers of 10 clients each',
  occasion: 'full-run',
  async run(bench) {
    const entries = [herd, earlierHerd].map((system) => ({
      name: system.name,
      system,
      shape: { topology: singleServer, log: 'every-line' } as const,
    }));
    await withSystems(bench, entries, async (runningEntries) => {
      const jobOf = (runningEntry: RunningEntry): LoadJob => ({
        ...targetFields(runningEntry),
        workload: 'iamat',
        mode: { kind: 'open', perSecond: changesPerSecond },
        connections: 50,
        clients: watchers.connections * watchers.clientsEach,
        warmUpMs: bench.settings.warmUpMs,
        warmUpRounds: 0,
        measureMs: bench.settings.measureMs,
        maxLagMs: Infinity,
        watchers,
      });
      await warmUpSystems(bench, runningEntries, jobOf);
      const results = await runInterleaved(bench.settings.rounds, runningEntries, (each) =>
        runTurn(bench, each, jobOf(each)),
      );
      for (const { name, runningSystem } of runningEntries) {
        const rounds = results.get(name) ?? [];
        const of = { benchmark: watch.name, subject: name } as const;
        const micros = rounds.map((result) => cpuMicrosPerResponse(result, runningSystem));
        bench.figures.add({ ...of, metric: 'CPU per change', unit: 'µs', values: micros });
        for (const fraction of ['p50', 'p99'] as const) {
          const values = rounds.flatMap(({ delivery }) => (delivery === undefined ? [] : [delivery[fraction] / 1_000]));
          bench.figures.add({ ...of, metric: `delivery, ${fraction}`, unit: 'ms', values });
        }
      }
    });
  },
};
