import { setTimeout as pause } from 'node:timers/promises';
import { herd } from '../systems/all.js';
import { memoryBytes } from '../support/process-table.js';
import { playTurn, withAll } from './field.js';
import type { Measure } from './measure.js';
import { fill, targetOf } from './throughput.js';

/** How often each of few clients is reported before a server counts as empty: its heap is then as large as the work makes it. */
const before = 3_000;

/** Memory of one server alone as locations come in, beyond the same server with hardly any. */
export const memory: Measure = {
  name: 'memory',
  title: 'Memory for each location, one server alone',
  runs: 'full run',
  async run(bench) {
    const shape = { talks: { Metta: [] }, log: 'every line' } as const;
    await withAll(bench, [{ name: herd.name, contestant: herd, shape }], async ([competitor]) => {
      if (competitor === undefined) return;
      const pid = competitor.running.pids.get('Metta') ?? 0;
      const settled = async () => {
        await pause(2_000);
        return memoryBytes(pid, 'now');
      };
      await playTurn(bench, competitor, {
        ...targetOf(competitor),
        workload: 'iamat',
        pace: { kind: 'closed', depth: 16 },
        connections: 64,
        clients: 64,
        warmUpMs: 0,
        warmUpRounds: before,
        measureMs: 100,
        behindAllowedMs: Infinity,
      });
      const empty = await settled();
      bench.figures.add({
        measure: memory.name,
        subject: 'empty',
        metric: 'memory',
        unit: 'MB',
        values: [empty / 1_048_576],
      });
      for (const clients of [10_000, 100_000, 1_000_000]) {
        await fill(bench, competitor, clients);
        const held = await settled();
        const of = { measure: memory.name, subject: `${clients.toLocaleString('en-GB')} locations` };
        bench.figures.add({ ...of, metric: 'memory', unit: 'MB', values: [held / 1_048_576] });
        bench.figures.add({ ...of, metric: 'for each', unit: 'bytes', values: [(held - empty) / clients] });
        bench.say(`  ${of.subject}: ${((held - empty) / clients).toFixed(0)} bytes each`);
      }
    });
  },
};
