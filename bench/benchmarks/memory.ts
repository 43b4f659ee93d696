import { setTimeout as pause } from 'node:timers/promises';
import { herd } from '../systems/all.js';
import { loadedServer, singleServer } from '../systems/system.js';
import { memoryBytes } from '../support/process-table.js';
import { withSystems } from './lineup.js';
import type { BenchContext, Benchmark } from './benchmark.js';
import { fillStores } from './throughput.js';

const clients = { full: 1_000_000, quick: 50_000 } as const;

/** Rounds of a few clients before the empty server is measured, after which its heap has grown to its working size. */
const warmUpRounds = 3_000;

/** Resident memory is measured when it has not fallen for this time, because V8 collects and releases late, in milliseconds. */
const settleMs = 8_000;
const pollIntervalMs = 250;

/** Growth of the resident memory of a single server when it stores 1,000,000 locations; a new server each round. */
export const memory: Benchmark = {
  name: 'memory',
  title: 'Memory per location, single server, growth of the resident memory by 1,000,000 locations',
  occasion: 'full-run',
  async run(bench) {
    const rounds: { readonly empty: number; readonly filled: number }[] = [];
    for (let round = 1; round <= bench.settings.rounds; round += 1) {
      const each = await measureGrowth(bench);
      bench.print(`  round ${round}: ${perLocation(bench, each).toFixed(0)} bytes each`);
      rounds.push(each);
    }
    const of = { benchmark: memory.name, subject: herd.name };
    const megabytes = (values: readonly number[]) => values.map((bytes) => bytes / 1_048_576);
    bench.figures.add({ ...of, metric: 'empty', unit: 'MB', values: megabytes(rounds.map(({ empty }) => empty)) });
    bench.figures.add({ ...of, metric: 'filled', unit: 'MB', values: megabytes(rounds.map(({ filled }) => filled)) });
    const values = rounds.map((each) => perLocation(bench, each));
    bench.figures.add({ ...of, metric: 'per location', unit: 'bytes', values });
  },
};

function perLocation(
  { settings }: BenchContext,
  { empty, filled }: { readonly empty: number; readonly filled: number },
): number {
  return (filled - empty) / clients[settings.kind];
}

/** Measures a new server before and after it stores all clients. */
async function measureGrowth(bench: BenchContext): Promise<{ readonly empty: number; readonly filled: number }> {
  const entry = { name: herd.name, system: herd, shape: { topology: singleServer, log: 'every-line' } as const };
  const bytes: number[] = [];
  await withSystems(bench, [entry], async (runningEntries) => {
    for (const runningEntry of runningEntries) {
      const pid = runningEntry.runningSystem.pids.get(loadedServer) ?? 0;
      await fillStores(bench, runningEntry, 64, warmUpRounds);
      bytes.push(await readSettledBytes(pid));
      await fillStores(bench, runningEntry, clients[bench.settings.kind]);
      bytes.push(await readSettledBytes(pid));
    }
  });
  return { empty: bytes[0] ?? NaN, filled: bytes[1] ?? NaN };
}

/** Least resident memory (VmRSS) of an idle process, once it has stopped falling, in bytes. */
async function readSettledBytes(pid: number): Promise<number> {
  let least = Infinity;
  for (let fellMs = performance.now(); performance.now() - fellMs < settleMs;) {
    await pause(pollIntervalMs);
    const bytes = memoryBytes(pid, 'now');
    if (bytes < least) [least, fellMs] = [bytes, performance.now()];
  }
  return least;
}
