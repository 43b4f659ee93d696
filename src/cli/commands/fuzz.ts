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
import { formatCount, print } from '../shared/output.js';
import { waitForStopSignal } from '../shared/signals.js';
import { createVirtualEnvironment } from '../simulate/virtual-environment.js';

/** Number of runs if neither number nor time is given. */
const defaultRuns = 1_000;

/** Random first seeds are below this, so that they are short. */
const maxSeed = 1_000_000_000;

/** Milliseconds between two updates of the progress line. */
const progressIntervalMs = 200;

/** The parsed options. */
interface FuzzPlan {
  readonly firstSeed: number;
  readonly maxRuns: number;
  readonly timeLimitMs: number;
  readonly stopsOnFailure: boolean;
}

/**
 * `herd fuzz`: runs random herds, workloads and faults on all cores. Sets the exit code: 0 if every run passed, 1 if one
 * failed, 2 if it could not run or was interrupted before a failure.
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
    // All failures are printed by now, so shrinking may be interrupted.
    interruption.addEventListener('abort', () => process.exit(1));
    print(await shrinkFailure(failure, version));
  }
}

/** Returns a signal that is aborted by Ctrl-C; a second Ctrl-C ends this process. */
function listenForInterrupt(): AbortSignal {
  const controller = new AbortController();
  void waitForStopSignal(undefined, () => process.exit(2)).then(() => controller.abort());
  return controller.signal;
}

/** @throws CommandError if a run could not be executed */
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

/** Formats a failure with the command that repeats it. */
export function formatFuzzFailure({ seed, violated }: FuzzRun, version: string): string {
  const { invariant, text } = firstViolation(violated);
  return [
    '',
    `FAILED with seed ${seed} of version ${version}: ${invariant}: ${text}`,
    `  reproduce: herd fuzz --seed ${seed} --runs 1`,
  ].join('\n');
}

/** Writes the shrunk scenario of a failure to a file; returns how to run it. */
async function shrinkFailure({ seed, violated }: FuzzRun, version: string): Promise<string> {
  const { invariant } = firstViolation(violated);
  const { text, steps, servers, attempts } = await buildMinimalScenario(seed, invariant, {
    version,
    createEnvironment: createVirtualEnvironment,
  });
  const file = `fuzz-${seed}.yaml`;
  writeShrunk(file, text);
  return `  shrunk to ${formatCount(steps, 'step')} and ${formatCount(servers, 'server')} in ${formatCount(attempts, 'attempt')}; run: herd simulate ${file}`;
}

/** @throws CommandError if the file cannot be written */
export function writeShrunk(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new CommandError(`cannot write the shrunk scenario: ${(error as Error).message}`);
  }
}

function firstViolation([first]: FuzzRun['violated']): FuzzRun['violated'][number] {
  if (first === undefined) throw new Error('the run has no violation');
  return first;
}

/** Returns one failure per invariant: others with the same invariant most likely have the same cause. */
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
    `${formatCount(runs, 'run')} from seed ${firstSeed}, ${seconds(simulatedMs)} simulated in ${seconds(tookMs)}`,
    formatVerdict(report),
    'runs that met each goal:',
    ...[...coverage].filter(([, met]) => met > 0).map(([path, met]) => `${String(met).padStart(8)}  ${path}`),
  ];
  if (notCovered.length > 0) lines.push('not covered:', ...notCovered.map((path) => `          ${path}`));
  return lines.join('\n');
}

function formatVerdict({ runs, failures }: FuzzReport): string {
  if (runs === 0) return 'no runs completed; result inconclusive';
  if (failures.length === 0) return 'PASSED: all invariants in every run';
  const seeds = failures.map(({ seed }) => seed).join(', ');
  return `FAILED: ${formatCount(failures.length, 'run')}, ${failures.length === 1 ? 'seed' : 'seeds'} ${seeds}`;
}

/** @throws UsageError */
function parsePlan({ runs, time, seed, keepGoing }: FuzzCommandOptions): FuzzPlan {
  const timeLimitMs = time === undefined ? Infinity : parseDuration(time);
  if (timeLimitMs === undefined) throw new UsageError(`invalid duration "${time ?? ''}": add a unit, e.g. 60s`);
  if (timeLimitMs <= 0) throw new UsageError(`--time must be greater than 0`);
  return {
    firstSeed: seed === undefined ? randomInt(maxSeed) : parseInteger('seed', seed),
    maxRuns:
      runs === undefined ? (time === undefined ? defaultRuns : Infinity) : parseInteger('number of runs', runs, 1),
    timeLimitMs,
    stopsOnFailure: keepGoing !== true,
  };
}

function parseInteger(name: string, written: string, min = 0): number {
  const value = /^\d{1,15}$/.test(written) ? Number(written) : NaN;
  if (!(value >= min)) throw new UsageError(`invalid ${name} "${written}": expected an integer of at least ${min}`);
  return value;
}

/** Shows the progress on a terminal. */
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
    process.stderr.write(`\r\x1b[K${formatCount(this.runs, 'run')}, ${this.failures} failed`);
  }

  end(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  }
}
