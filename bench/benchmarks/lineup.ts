import type { BenchSystem, RunningSystem, HerdShape } from '../systems/system.js';
import type { LoadJob, LoadResult } from '../load/load-job.js';
import { truncateLogs } from '../support/logs.js';
import type { BenchContext } from './benchmark.js';

/** A system in a benchmark, with a name for its figures: one system may run with and without a log. */
export interface LineupEntry {
  readonly name: string;
  readonly system: BenchSystem;
  readonly shape: HerdShape;
}

/** A lineup entry whose system is running. */
export interface RunningEntry extends LineupEntry {
  readonly runningSystem: RunningSystem;
}

/** Starts the systems that can run on this machine, calls `measure`, and stops them. Notes those that cannot run. */
export async function withSystems(
  bench: BenchContext,
  entries: readonly LineupEntry[],
  measure: (runningEntries: readonly RunningEntry[]) => Promise<void>,
): Promise<void> {
  const runningEntries: RunningEntry[] = [];
  try {
    for (const entry of entries) {
      const missing = entry.system.missingReason();
      if (missing !== undefined) bench.figures.note(`${entry.name}: left out (${missing})`);
      else runningEntries.push({ ...entry, runningSystem: await entry.system.start(entry.shape) });
    }
    await measure(runningEntries);
  } finally {
    for (const { runningSystem } of runningEntries) await runningSystem.stop();
  }
}

/** Runs every system once per round, starting each round with another one; returns the results of the rounds by name. */
export async function runInterleaved<Result>(
  rounds: number,
  runningEntries: readonly RunningEntry[],
  runTurnOf: (runningEntry: RunningEntry, round: number) => Promise<Result>,
): Promise<Map<string, Result[]>> {
  const results = new Map<string, Result[]>(runningEntries.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    const shift = round % runningEntries.length;
    for (const runningEntry of [...runningEntries.slice(shift), ...runningEntries.slice(0, shift)]) {
      results.get(runningEntry.name)?.push(await runTurnOf(runningEntry, round));
    }
  }
  return results;
}

/** Runs a job on each system until hot code is compiled. The processes of a herd share one core while compiling. */
export async function warmUpSystems(
  bench: BenchContext,
  runningEntries: readonly RunningEntry[],
  jobOf: (runningEntry: RunningEntry) => LoadJob,
): Promise<void> {
  for (const runningEntry of runningEntries) {
    await runTurn(bench, runningEntry, {
      ...jobOf(runningEntry),
      warmUpMs: bench.settings.initialWarmUpMs,
      measureMs: 100,
    });
  }
}

/** A command and its response are at least twice as long in a log; the last lines may not be written yet. */
const minLoggedBytes = 50;

/** Runs one job of load, and notes wrong responses and dropped log lines. */
export async function runTurn(
  bench: BenchContext,
  { name, runningSystem }: RunningEntry,
  job: LoadJob,
): Promise<LoadResult> {
  const result = await bench.generator.run(job);
  const { figures } = bench;
  if (result.wrongCount > 0) figures.note(`${name}: ${result.wrongCount} wrong or missing responses`);
  if (runningSystem.logs !== undefined) {
    const { bytes, dropped } = truncateLogs(runningSystem.logs);
    if (dropped > 0) figures.note(`${name}: its log dropped lines`);
    if (bytes < result.total.responses * minLoggedBytes) figures.note(`${name}: its log does not have every line`);
  }
  return result;
}
