import { setTimeout as pause } from 'node:timers/promises';
import { herd } from '../systems/all.js';
import { loadedServer, singleServer } from '../systems/system.js';
import { createFolder, removeFolder } from '../support/folder.js';
import { preloadHeapReports, readHeapReport, type HeapReport } from '../support/heap-reports.js';
import { withSystems } from './lineup.js';
import type { BenchContext, Benchmark } from './benchmark.js';
import { fillStores } from './throughput.js';

const clients = { full: 1_000_000, quick: 50_000 } as const;

/** Rounds of a few clients before the empty server is measured, after which code is compiled and buffers have their working size. */
const warmUpRounds = 3_000;

/** Pause before a measurement, until buffers of the log and of closed connections are released, in milliseconds. */
const settleMs = 1_000;

interface Growth {
  readonly empty: HeapReport;
  readonly filled: HeapReport;
}

/** Growth of the memory of a single server when it stores 1,000,000 locations; a new server each round. */
export const memory: Benchmark = {
  name: 'memory',
  title: 'Memory per location, single server: growth by 1,000,000 locations, after a garbage collection',
  occasion: 'full-run',
  async run(bench) {
    const count = clients[bench.settings.kind];
    const rounds: Growth[] = [];
    for (let round = 1; round <= bench.settings.rounds; round += 1) rounds.push(await measureGrowth(bench, count));
    const add = (metric: string, unit: 'MB' | 'bytes', valueOf: (growth: Growth) => number) =>
      bench.figures.add({
        ...{ benchmark: memory.name, subject: herd.name, metric, unit },
        values: rounds.map(valueOf),
      });
    add('resident, empty', 'MB', ({ empty }) => empty.residentBytes / 1_048_576);
    add('resident, filled', 'MB', ({ filled }) => filled.residentBytes / 1_048_576);
    add('per location, resident', 'bytes', ({ empty, filled }) => (filled.residentBytes - empty.residentBytes) / count);
    add('per location, heap and buffers', 'bytes', ({ empty, filled }) => (filled.heldBytes - empty.heldBytes) / count);
    if (bench.settings.kind === 'quick') bench.figures.note(`memory: ${count} locations only`);
  },
};

/** Measures a new server before and after it stores clients. */
async function measureGrowth(bench: BenchContext, count: number): Promise<Growth> {
  const entry = { name: herd.name, system: herd, shape: { topology: singleServer, log: 'every-line' } as const };
  const folder = createFolder();
  const endPreload = preloadHeapReports(folder);
  const reports: HeapReport[] = [];
  try {
    await withSystems(bench, [entry], async (runningEntries) => {
      endPreload();
      for (const runningEntry of runningEntries) {
        for (const [clientCount, rounds] of [
          [64, warmUpRounds],
          [count, 1],
        ] as const) {
          // prettier-ignore
          await fillStores(bench, runningEntry, clientCount, rounds);
          await pause(settleMs);
          reports.push(await readHeapReport(folder, runningEntry.runningSystem.pids.get(loadedServer) ?? 0));
        }
      }
    });
  } finally {
    endPreload();
    removeFolder(folder);
  }
  const [empty, filled] = reports;
  if (empty === undefined || filled === undefined) throw new Error('the server was not measured');
  return { empty, filled };
}
