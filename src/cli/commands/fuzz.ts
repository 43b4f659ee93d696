import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fuzz, type FuzzReport } from '../../simulation/fuzz/fuzz.js';
import type { FuzzRun } from '../../simulation/fuzz/run-scenario.js';
import { buildMinimalScenario } from '../../simulation/fuzz/minimal-scenario.js';
import { parseDuration } from '../../simulation/scenario/units.js';
import { CommandError, UsageError } from '../shared/errors.js';
import { FuzzThreadPool } from '../simulate/fuzz-thread.js';
import type { FuzzCommandOptions } from '../shared/options.js';
import { print } from '../shared/output.js';
import { waitForStopSignal } from '../shared/signals.js';
import { createVirtualEnvironment } from '../simulate/virtual-environment.js';

/** Runs that are made if nobody says how many, nor for how long. */
const defaultRuns = 1_000;

/** Seeds that are drawn lie below this: short enough to be typed. */
const maxSeed = 1_000_000_000;

/** Milliseconds between two lines of progress. */
const progressIntervalMs = 200;

/** What is typed, read. */
interface FuzzPlan {
  readonly firstSeed: number;
  readonly maxRuns: number;
  readonly timeLimitMs: number;
  readonly afterFailure: 'stop' | 'go on';
}

/**
 * `herd fuzz`: random herds, workloads and failures on as many threads as there are cores. The exit status is 0 if every run
 * held, 1 if one did not, and 2 if it could not be run, or was broken off before one was violated.
 */
export async function fuzzHerds(options: FuzzCommandOptions, version: string): Promise<void> {
  const plan = parsePlan(options);
  const interruption = listenForInterrupt();
  print(`fuzzing from seed ${plan.firstSeed}`);
  const startedMs = performance.now();
  const report = await runAll(plan, () => !interruption.aborted && performance.now() - startedMs < plan.timeLimitMs);
  print(formatSummary(report, plan, performance.now() - startedMs));
  process.exitCode = report.failures.length > 0 ? 1 : interruption.aborted || report.runs === 0 ? 2 : 0;
  for (const failure of firstPerInvariant(report.failures)) {
    print(formatFuzzFailure(failure, version));
    if (interruption.aborted) continue;
    // Whatever was found is told by now: who does not want to wait for less of it need not.
    interruption.addEventListener('abort', () => process.exit(1));
    print(await shrinkFailure(failure, version));
  }
}

/** Aborts on Ctrl-C; a second one ends this process at once. */
function listenForInterrupt(): AbortSignal {
  const controller = new AbortController();
  void waitForStopSignal(undefined, () => process.exit(2)).then(() => controller.abort());
  return controller.signal;
}

/** @throws CommandError if a run could not be played at all */
async function runAll(plan: FuzzPlan, canStartRun: () => boolean): Promise<FuzzReport> {
  const threads = new FuzzThreadPool(Math.min(availableParallelism(), plan.maxRuns));
  const progress = new Progress();
  try {
    return await fuzz({
      ...plan,
      canStartRun,
      concurrency: threads.count,
      runSeed: (seed) => threads.run(seed),
      onRun: (run) => progress.note(run),
    });
  } catch (error) {
    throw new CommandError(error instanceof Error ? error.message : String(error));
  } finally {
    await threads.terminate();
    progress.end();
  }
}

/** Tells of a failure all that somebody needs to see it again. */
export function formatFuzzFailure({ seed, violated }: FuzzRun, version: string): string {
  const { invariant, text } = firstViolation(violated);
  return [
    '',
    `FAILED with seed ${seed} of version ${version}: ${invariant}: ${text}`,
    `  again: herd fuzz --seed ${seed} --runs 1`,
  ].join('\n');
}

/** Writes the shortest scenario that shows a failure, and says how it is played. */
async function shrinkFailure({ seed, violated }: FuzzRun, version: string): Promise<string> {
  const { invariant } = firstViolation(violated);
  const { text, steps, servers, attempts } = await buildMinimalScenario(seed, invariant, {
    version,
    createEnvironment: createVirtualEnvironment,
  });
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

function firstViolation([first]: FuzzRun['violated']): FuzzRun['violated'][number] {
  if (first === undefined) throw new Error('a run that held is no failure');
  return first;
}

/** One failure of each invariant: the others most likely show the same. */
function firstPerInvariant(failures: readonly FuzzRun[]): FuzzRun[] {
  const firsts = new Map<string | undefined, FuzzRun>();
  for (const failure of failures) {
    const invariant = failure.violated[0]?.invariant;
    if (!firsts.has(invariant)) firsts.set(invariant, failure);
  }
  return [...firsts.values()];
}

function formatSummary(report: FuzzReport, { firstSeed }: FuzzPlan, tookMs: number): string {
  const { runs, simulatedMs, coverage, notCovered } = report;
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(0)} s`;
  const lines = [
    `${runs} runs from seed ${firstSeed}, ${seconds(simulatedMs)} simulated in ${seconds(tookMs)}`,
    formatVerdict(report),
    'met in so many runs:',
    ...[...coverage].filter(([, met]) => met > 0).map(([path, met]) => `${String(met).padStart(8)}  ${path}`),
  ];
  if (notCovered.length > 0)
    lines.push('not covered:', ...notCovered.map((path) => `          ${path}`));
  return lines.join('\n');
}

function formatVerdict({ runs, failures }: FuzzReport): string {
  if (runs === 0) return 'nothing was played, and nothing is decided';
  if (failures.length === 0) return 'PASSED: every invariant, in every run';
  return `FAILED: ${failures.length} runs, with the seeds ${failures.map(({ seed }) => seed).join(', ')}`;
}

/** @throws UsageError */
function parsePlan({ runs, time, seed, keepGoing }: FuzzCommandOptions): FuzzPlan {
  const timeLimitMs = time === undefined ? Infinity : parseDuration(time);
  if (timeLimitMs === undefined) throw new UsageError(`a time has its unit, as in 60s, and ${time ?? ''} is none`);
  if (timeLimitMs <= 0) throw new UsageError(`no run begins within ${time ?? ''}; leave some time, as in 60s`);
  return {
    firstSeed: seed === undefined ? randomInt(maxSeed) : parseInteger('a seed', seed),
    maxRuns:
      runs === undefined ? (time === undefined ? defaultRuns : Infinity) : parseInteger('a number of runs', runs, 1),
    timeLimitMs,
    afterFailure: keepGoing === true ? 'go on' : 'stop',
  };
}

function parseInteger(name: string, written: string, min = 0): number {
  if (!/^\d{1,15}$/.test(written)) throw new UsageError(`${name} is a whole number, and ${written} is none`);
  if (Number(written) < min) throw new UsageError(`${name} is at least ${min}`);
  return Number(written);
}

/** Tells on a terminal how far it is. */
class Progress {
  private runs = 0;
  private failures = 0;
  private shownMs = 0;

  note({ verdict }: FuzzRun): void {
    this.runs += 1;
    if (verdict === 'failed') this.failures += 1;
    const nowMs = performance.now();
    if (!process.stderr.isTTY || nowMs - this.shownMs < progressIntervalMs) return;
    this.shownMs = nowMs;
    process.stderr.write(`\r\x1b[K${this.runs} runs, ${this.failures} violated`);
  }

  end(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  }
}
