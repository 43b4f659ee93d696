import { ConfigError } from '../../runtime/errors.js';
import { LauncherError } from '../../simulation/real/launcher.js';
import { makeReportFolder, ReportError, reportFolders } from '../../simulation/report/report-folders.js';
import { RunReport } from '../../simulation/report/report.js';
import { unsupportedProblems, UnsupportedScenarioError } from '../../simulation/run/unsupported-scenario.js';
import { runScenario } from '../../simulation/run/runner.js';
import type { RunResult } from '../../simulation/run/result.js';
import { loadScenario } from '../../simulation/scenario/scenario-loader.js';
import type { Scenario } from '../../simulation/scenario/scenario.js';
import type { SimulateOptions } from '../shared/options.js';
import { UsageError } from '../shared/errors.js';
import { print, warn } from '../shared/output.js';
import { Timeline, formatVerdict } from '../simulate/simulation-output.js';
import {
  InterruptedError,
  environmentNamed,
  liveEnvironments,
  type CreateEnvironment,
  type RealEnvironments,
} from '../simulate/environments.js';

/** How a scenario is run and reported. */
interface RunContext {
  readonly createEnvironment: CreateEnvironment;
  readonly report: RunReport | undefined;
  /** Keeps the environment running after the end of the scenario until the promise resolves. */
  readonly keepRunning: (() => Promise<void>) | undefined;
}

/**
 * `herd simulate`: runs scenarios and prints events and results. Sets the exit code: 0 if all passed, 1 if one failed, 2 if one
 * could not be run.
 */
export async function simulate(files: readonly string[], options: SimulateOptions): Promise<void> {
  const seed = parseSeed(options.seed);
  const live = options.live === true ? createLiveEnvironments(files, options) : undefined;
  const createEnvironment = live?.createEnvironment ?? environmentNamed(options.environment ?? 'virtual');
  const keepRunning = live === undefined ? undefined : () => serveUntil(live.abortSignal);
  try {
    const scenarios = files.map((file) => withSeed(loadScenario(file, process.env), seed));
    requireSupported(scenarios, createEnvironment);
    const folders = options.report === undefined ? [] : reportFolders(options.report, files);
    for (const folder of folders) makeReportFolder(folder);
    const results: RunResult[] = [];
    for (const [index, scenario] of scenarios.entries()) {
      const folder = folders[index];
      const report = folder === undefined ? undefined : new RunReport(folder, scenario);
      results.push(await runOne(scenario, { createEnvironment, report, keepRunning }));
    }
    const failed = results.filter(({ verdict }) => verdict === 'failed');
    if (results.length > 1) print(`\n${results.length - failed.length} of ${results.length} scenarios passed`);
    if (failed.length > 0) process.exitCode = 1;
  } catch (error) {
    for (const problem of listProblems(error)) warn(problem);
    process.exitCode = 2;
  }
}

/** @throws UsageError if `--live` cannot be combined with the other arguments */
function createLiveEnvironments(files: readonly string[], { environment }: SimulateOptions): RealEnvironments {
  if (files.length > 1) throw new UsageError(`--live runs one scenario, not ${files.length}`);
  if (environment !== undefined && environment !== 'sockets')
    throw new UsageError(`--live runs on real sockets and cannot be combined with --environment ${environment}`);
  return liveEnvironments((url) => print(`Dashboard: ${url}\n`));
}

/** Resolves on Ctrl-C. */
async function serveUntil(abortSignal: AbortSignal): Promise<void> {
  print('\nThe scenario has ended. The dashboard is available until Ctrl-C.');
  if (!abortSignal.aborted) await new Promise((resolve) => abortSignal.addEventListener('abort', resolve));
}

function withSeed(scenario: Scenario, seed: number | undefined): Scenario {
  return seed === undefined ? scenario : { ...scenario, seed };
}

/**
 * Checks all scenarios before the first one runs.
 * @throws UnsupportedScenarioError
 */
function requireSupported(scenarios: readonly Scenario[], createEnvironment: CreateEnvironment): void {
  const problems = scenarios.flatMap((scenario) =>
    unsupportedProblems(
      scenario,
      createEnvironment(scenario, () => undefined),
    ),
  );
  if (problems.length > 0) throw new UnsupportedScenarioError(problems);
}

/** Returns why scenarios could not be run. Any other error is thrown again. */
function listProblems(error: unknown): readonly string[] {
  if (error instanceof ConfigError || error instanceof UnsupportedScenarioError) return error.problems;
  if (error instanceof LauncherError || error instanceof InterruptedError || error instanceof ReportError) {
    return [error.message];
  }
  throw error;
}

async function runOne(scenario: Scenario, { createEnvironment, report, keepRunning }: RunContext): Promise<RunResult> {
  const { name, seed, file } = scenario;
  print(`\n${name} (${file}, seed ${seed})\n`);
  const timeline = new Timeline(scenario.herd.topology, print);
  const startedMs = performance.now();
  let isFinished = false;
  const finish = (result: RunResult) => {
    isFinished = true;
    print(formatVerdict(result, performance.now() - startedMs));
    if (report !== undefined) print(`  report       ${report.write(result)}`);
  };
  const result = await runScenario(scenario, {
    createEnvironment: (emit) => createEnvironment(scenario, emit),
    onEntry: (atMs, event) => {
      if (isFinished) return;
      timeline.note(atMs, event);
      report?.observe(atMs, event);
    },
    ...(keepRunning === undefined
      ? {}
      : {
          keepRunning: (atEnd: RunResult) => {
            finish(atEnd);
            return keepRunning();
          },
        }),
  });
  if (keepRunning === undefined) finish(result);
  return result;
}

function parseSeed(written: string | undefined): number | undefined {
  if (written === undefined) return undefined;
  if (!/^\d{1,15}$/.test(written)) throw new UsageError(`invalid seed "${written}": expected a non-negative integer`);
  return Number(written);
}
