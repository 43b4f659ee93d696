import { setTimeout as pause } from 'node:timers/promises';
import { herd } from '../systems/all.js';
import { memoryBytes } from '../support/process-table.js';
import { runTurn, withSystems } from './lineup.js';
import type { Benchmark } from './benchmark.js';
import { fillStores, targetFields } from './throughput.js';

/** Rounds of a few clients before the empty server is measured, after which its heap has grown to its working size. */
const warmUpRounds = 3_000;

/** Memory of a single server by number of locations, compared with the warmed-up empty server. */
export const memory: Benchmark = {
  name: 'memory',
  title: 'Memory per location, single server',
  occasion: 'full-run',
  async run(bench) {
    const shape = { topology: { Metta: [] }, log: 'every-line' } as const;
    await withSystems(bench, [{ name: herd.name, system: herd, shape }], async ([runningEntry]) => {
      if (runningEntry === undefined) return;
      const pid = runningEntry.runningSystem.pids.get('Metta') ?? 0;
      const settledBytes = async () => {
        await pause(2_000);
        return memoryBytes(pid, 'now');
      };
      await runTurn(bench, runningEntry, {
        ...targetFields(runningEntry),
        workload: 'iamat',
        mode: { kind: 'closed', depth: 16 },
        connections: 64,
        clients: 64,
        warmUpMs: 0,
        warmUpRounds,
        measureMs: 100,
        maxLagMs: Infinity,
      });
      const empty = await settledBytes();
      bench.figures.add({
        benchmark: memory.name,
        subject: 'empty',
        metric: 'memory',
        unit: 'MB',
        values: [empty / 1_048_576],
      });
      for (const clients of [10_000, 100_000, 1_000_000]) {
        await fillStores(bench, runningEntry, clients);
        const filled = await settledBytes();
        const of = { benchmark: memory.name, subject: `${clients.toLocaleString('en-GB')} locations` };
        bench.figures.add({ ...of, metric: 'memory', unit: 'MB', values: [filled / 1_048_576] });
        bench.figures.add({ ...of, metric: 'per location', unit: 'bytes', values: [(filled - empty) / clients] });
        bench.print(`  ${of.subject}: ${((filled - empty) / clients).toFixed(0)} bytes each`);
      }
    });
  },
};
