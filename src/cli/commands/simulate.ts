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
import { InterruptedError, environmentNamed, type CreateEnvironment } from '../simulate/environments.js';

/**
 * `herd simulate`: plays scenarios, tells what happens as it goes, and what came of each. The exit status is 0 if all held, 1 if
 * one did not, and 2 if one could not be run.
 */
export async function simulate(files: readonly string[], options: SimulateOptions): Promise<void> {
  const makeWorld = environmentNamed(options.environment);
  const seed = parseSeed(options.seed);
  try {
    const scenarios = files.map((file) => loadScenario(file, process.env));
    requireSupported(scenarios, makeWorld);
    const folders = options.report === undefined ? [] : reportFolders(options.report, files);
    for (const folder of folders) makeReportFolder(folder);
    const results: RunResult[] = [];
    for (const [index, scenario] of scenarios.entries()) {
      const seeded = seed === undefined ? scenario : { ...scenario, seed };
      const folder = folders[index];
      const report = folder === undefined ? undefined : new RunReport(folder, seeded);
      results.push(await runOne(seeded, makeWorld, report));
    }
    const failed = results.filter(({ verdict }) => verdict === 'failed');
    if (results.length > 1) print(`\n${results.length - failed.length} of ${results.length} scenarios held`);
    if (failed.length > 0) process.exitCode = 1;
  } catch (error) {
    for (const problem of listProblems(error)) warn(problem);
    process.exitCode = 2;
  }
}

/**
 * Asks the world about all of them before the first is played.
 * @throws WorldRefusal
 */
function requireSupported(scenarios: readonly Scenario[], makeWorld: CreateEnvironment): void {
  const refusals = scenarios.flatMap((scenario) =>
    unsupportedProblems(
      scenario,
      makeWorld(scenario, () => undefined),
    ),
  );
  if (refusals.length > 0) throw new UnsupportedScenarioError(refusals);
}

/** Why scenarios could not be run, for people. What is no such reason is thrown. */
function listProblems(error: unknown): readonly string[] {
  if (error instanceof ConfigError || error instanceof UnsupportedScenarioError) return error.problems;
  if (error instanceof LauncherError || error instanceof InterruptedError || error instanceof ReportError) {
    return [error.message];
  }
  throw error;
}

async function runOne(
  scenario: Scenario,
  makeWorld: CreateEnvironment,
  report: RunReport | undefined,
): Promise<RunResult> {
  const { name, seed, file } = scenario;
  print(`\n${name} (${file}, seed ${seed})\n`);
  const timeline = new Timeline(scenario.herd.topology, print);
  const startedMs = performance.now();
  const result = await runScenario(scenario, {
    createEnvironment: (tell) => makeWorld(scenario, tell),
    onEntry: (atMs, event) => {
      timeline.note(atMs, event);
      report?.observe(atMs, event);
    },
  });
  print(formatVerdict(result, performance.now() - startedMs));
  if (report !== undefined) print(`  report       ${report.write(result)}`);
  return result;
}

function parseSeed(written: string | undefined): number | undefined {
  if (written === undefined) return undefined;
  if (!/^\d{1,15}$/.test(written)) throw new UsageError(`a seed is a whole number, and ${written} is none`);
  return Number(written);
}
