import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fuzz, type FuzzReport } from '../simulation/fuzz/fuzz.js';
import type { FuzzRun, MakeWorld } from '../simulation/fuzz/play.js';
import { shrunkFile } from '../simulation/fuzz/shrunk-file.js';
import { parseDuration } from '../simulation/scenario/units.js';
import { UsageError } from './errors.js';
import { FuzzThreads } from './fuzz-thread.js';
import type { FuzzOptions } from './options.js';
import { print, warn } from './output.js';
import { virtualWorld } from './virtual-world.js';

/** Runs that are made if nobody says how many, nor for how long. */
const runsByDefault = 1_000;

/** Seeds that are drawn lie below this: short enough to be typed. */
const seedMax = 1_000_000_000;

/** Milliseconds between two lines of progress. */
const progressEveryMs = 200;

/** What is typed, read. */
interface Plan {
  readonly firstSeed: number;
  readonly runsMax: number;
  readonly withinMs: number;
  readonly afterFailure: 'stop' | 'go on';
}

/**
 * `herd fuzz`: random herds, workloads and failures on as many threads as there are cores. The exit status is 0 if every run
 * held, 1 if one did not, and 2 if it could not be run.
 */
export async function fuzzHerds(options: FuzzOptions, version: string): Promise<void> {
  const plan = planOf(options);
  const threads = new FuzzThreads(Math.min(availableParallelism(), plan.runsMax));
  const startedMs = performance.now();
  const progress = new Progress();
  let report: FuzzReport;
  try {
    report = await fuzz({
      ...plan,
      mayBegin: () => performance.now() - startedMs < plan.withinMs,
      lanes: threads.count,
      play: (seed) => threads.play(seed),
      onRun: (run) => progress.note(run),
    });
  } catch (error) {
    warn(error instanceof Error ? error.message : String(error));
    process.exitCode = 2;
    return;
  } finally {
    await threads.end();
    progress.end();
  }
  print(summaryOf(report, plan, performance.now() - startedMs));
  if (report.failures.length === 0) return;
  process.exitCode = 1;
  for (const failure of firstOfEach(report.failures)) {
    print(await tellFailure(failure, { version, folder: process.cwd(), makeWorld: virtualWorld }));
  }
}

/** Where a failure is shrunk, and where its file goes. */
interface FailureEdges {
  readonly version: string;
  readonly folder: string;
  readonly makeWorld: MakeWorld;
}

/** Tells of a failure all that somebody needs to see it again, and writes the shortest scenario that shows it. */
export async function tellFailure({ seed, broken }: FuzzRun, edges: FailureEdges): Promise<string> {
  const [first] = broken;
  if (first === undefined) throw new Error('a run that held is no failure');
  const { text, steps, servers, attempts } = await shrunkFile(seed, first.invariant, edges);
  const file = `fuzz-${seed}.yaml`;
  writeFileSync(`${edges.folder}/${file}`, text);
  return [
    '',
    `VIOLATED with seed ${seed} of version ${edges.version}: ${first.invariant}: ${first.text}`,
    `  again: herd fuzz --seed ${seed} --runs 1`,
    `  shrunk to ${steps} steps and ${servers} servers in ${attempts} attempts; to see it: herd simulate ${file}`,
  ].join('\n');
}

/** One failure of each invariant: the others most likely show the same. */
function firstOfEach(failures: readonly FuzzRun[]): FuzzRun[] {
  const firsts = new Map<string | undefined, FuzzRun>();
  for (const failure of failures) {
    const invariant = failure.broken[0]?.invariant;
    if (!firsts.has(invariant)) firsts.set(invariant, failure);
  }
  return [...firsts.values()];
}

function summaryOf(report: FuzzReport, { firstSeed }: Plan, tookMs: number): string {
  const { runs, simulatedMs, failures, coverage, vacuous } = report;
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(0)} s`;
  const lines = [
    `${runs} runs from seed ${firstSeed}, ${seconds(simulatedMs)} simulated in ${seconds(tookMs)}`,
    failures.length === 0
      ? 'HELD: every invariant, in every run'
      : `VIOLATED: ${failures.length} runs, with the seeds ${failures.map(({ seed }) => seed).join(', ')}`,
    'met in so many runs:',
    ...[...coverage].filter(([, met]) => met > 0).map(([path, met]) => `${String(met).padStart(8)}  ${path}`),
  ];
  if (vacuous.length > 0) lines.push('vacuous, for no run met it:', ...vacuous.map((path) => `          ${path}`));
  return lines.join('\n');
}

/** @throws UsageError */
function planOf({ runs, time, seed, keepGoing }: FuzzOptions): Plan {
  const withinMs = time === undefined ? Infinity : parseDuration(time);
  if (withinMs === undefined || withinMs <= 0)
    throw new UsageError(`a time has its unit, as in 60s, and ${time ?? ''} is none`);
  return {
    firstSeed: seed === undefined ? randomInt(seedMax) : wholeOf('a seed', seed),
    runsMax: runs === undefined ? (time === undefined ? runsByDefault : Infinity) : wholeOf('a number of runs', runs),
    withinMs,
    afterFailure: keepGoing === true ? 'go on' : 'stop',
  };
}

function wholeOf(what: string, written: string): number {
  if (!/^\d{1,15}$/.test(written)) throw new UsageError(`${what} is a whole number, and ${written} is none`);
  return Number(written);
}

/** Tells on a terminal how far it is. */
class Progress {
  private runs = 0;
  private failures = 0;
  private shownMs = 0;

  note({ verdict }: FuzzRun): void {
    this.runs += 1;
    if (verdict === 'violated') this.failures += 1;
    const nowMs = performance.now();
    if (!process.stderr.isTTY || nowMs - this.shownMs < progressEveryMs) return;
    this.shownMs = nowMs;
    process.stderr.write(`\r\x1b[K${this.runs} runs, ${this.failures} violated`);
  }

  end(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  }
}
