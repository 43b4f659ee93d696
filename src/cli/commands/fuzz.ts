import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fuzz, type FuzzReport } from '../../simulation/fuzz/fuzz.js';
import type { FuzzRun } from '../../simulation/fuzz/run-scenario.js';
import { shrunkFile } from '../../simulation/fuzz/minimal-scenario.js';
import { parseDuration } from '../../simulation/scenario/units.js';
import { CommandError, UsageError } from '../shared/errors.js';
import { FuzzThreads } from '../simulate/fuzz-thread.js';
import type { FuzzOptions } from '../shared/options.js';
import { print } from '../shared/output.js';
import { stopRequested } from '../shared/signals.js';
import { virtualWorld } from '../simulate/virtual-world.js';

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
 * held, 1 if one did not, and 2 if it could not be run, or was broken off before one was violated.
 */
export async function fuzzHerds(options: FuzzOptions, version: string): Promise<void> {
  const plan = planOf(options);
  const interruption = interruptionHere();
  print(`fuzzing from seed ${plan.firstSeed}`);
  const startedMs = performance.now();
  const report = await played(plan, () => !interruption.aborted && performance.now() - startedMs < plan.withinMs);
  print(summaryOf(report, plan, performance.now() - startedMs));
  process.exitCode = report.failures.length > 0 ? 1 : interruption.aborted || report.runs === 0 ? 2 : 0;
  for (const failure of firstOfEach(report.failures)) {
    print(failureText(failure, version));
    if (interruption.aborted) continue;
    // Whatever was found is told by now: who does not want to wait for less of it need not.
    interruption.addEventListener('abort', () => process.exit(1));
    print(await shrinkFailure(failure, version));
  }
}

/** Aborts on Ctrl-C; a second one ends this process at once. */
function interruptionHere(): AbortSignal {
  const controller = new AbortController();
  void stopRequested(undefined, () => process.exit(2)).then(() => controller.abort());
  return controller.signal;
}

/** @throws CommandError if a run could not be played at all */
async function played(plan: Plan, mayBegin: () => boolean): Promise<FuzzReport> {
  const threads = new FuzzThreads(Math.min(availableParallelism(), plan.runsMax));
  const progress = new Progress();
  try {
    return await fuzz({
      ...plan,
      mayBegin,
      lanes: threads.count,
      play: (seed) => threads.play(seed),
      onRun: (run) => progress.note(run),
    });
  } catch (error) {
    throw new CommandError(error instanceof Error ? error.message : String(error));
  } finally {
    await threads.end();
    progress.end();
  }
}

/** Tells of a failure all that somebody needs to see it again. */
export function failureText({ seed, broken }: FuzzRun, version: string): string {
  const { invariant, text } = firstBroken(broken);
  return [
    '',
    `VIOLATED with seed ${seed} of version ${version}: ${invariant}: ${text}`,
    `  again: herd fuzz --seed ${seed} --runs 1`,
  ].join('\n');
}

/** Writes the shortest scenario that shows a failure, and says how it is played. */
async function shrinkFailure({ seed, broken }: FuzzRun, version: string): Promise<string> {
  const { invariant } = firstBroken(broken);
  const { text, steps, servers, attempts } = await shrunkFile(seed, invariant, { version, makeWorld: virtualWorld });
  const file = `fuzz-${seed}.yaml`;
  writeShrunk(file, text);
  return `  shrunk to ${steps} steps and ${servers} servers in ${attempts} attempts; to see it: herd simulate ${file}`;
}

/** @throws CommandError if it cannot be written */
export function writeShrunk(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new CommandError(`the shrunk scenario cannot be written: ${(error as Error).message}`);
  }
}

function firstBroken([first]: FuzzRun['broken']): FuzzRun['broken'][number] {
  if (first === undefined) throw new Error('a run that held is no failure');
  return first;
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
  const { runs, simulatedMs, coverage, vacuous } = report;
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(0)} s`;
  const lines = [
    `${runs} runs from seed ${firstSeed}, ${seconds(simulatedMs)} simulated in ${seconds(tookMs)}`,
    verdictOf(report),
    'met in so many runs:',
    ...[...coverage].filter(([, met]) => met > 0).map(([path, met]) => `${String(met).padStart(8)}  ${path}`),
  ];
  if (vacuous.length > 0) lines.push('vacuous, for no run met it:', ...vacuous.map((path) => `          ${path}`));
  return lines.join('\n');
}

function verdictOf({ runs, failures }: FuzzReport): string {
  if (runs === 0) return 'nothing was played, and nothing is decided';
  if (failures.length === 0) return 'HELD: every invariant, in every run';
  return `VIOLATED: ${failures.length} runs, with the seeds ${failures.map(({ seed }) => seed).join(', ')}`;
}

/** @throws UsageError */
function planOf({ runs, time, seed, keepGoing }: FuzzOptions): Plan {
  const withinMs = time === undefined ? Infinity : parseDuration(time);
  if (withinMs === undefined) throw new UsageError(`a time has its unit, as in 60s, and ${time ?? ''} is none`);
  if (withinMs <= 0) throw new UsageError(`no run begins within ${time ?? ''}; leave some time, as in 60s`);
  return {
    firstSeed: seed === undefined ? randomInt(seedMax) : wholeOf('a seed', seed),
    runsMax:
      runs === undefined ? (time === undefined ? runsByDefault : Infinity) : wholeOf('a number of runs', runs, 1),
    withinMs,
    afterFailure: keepGoing === true ? 'go on' : 'stop',
  };
}

function wholeOf(what: string, written: string, least = 0): number {
  if (!/^\d{1,15}$/.test(written)) throw new UsageError(`${what} is a whole number, and ${written} is none`);
  if (Number(written) < least) throw new UsageError(`${what} is at least ${least}`);
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
