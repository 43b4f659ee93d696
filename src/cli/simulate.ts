import { ConfigError } from '../runtime/errors.js';
import { loadScenario } from '../simulation/scenario/load.js';
import type { Scenario } from '../simulation/scenario/scenario.js';
import { Report, ReportError, reportFolders } from '../simulation/report/report.js';
import { runScenario, WorldRefusal } from '../simulation/run/runner.js';
import type { RunResult } from '../simulation/run/result.js';
import type { WorldListener } from '../simulation/world.js';
import { VirtualWorld } from '../simulation/virtual/virtual-world.js';
import { twitterSearch } from '../upstreams/twitter.js';
import { UsageError } from './errors.js';
import type { SimulateOptions } from './options.js';
import { print, warn } from './output.js';
import { Timeline, verdictOf } from './simulation-output.js';

/** Where the upstream of a simulation would be: nobody is asked there. */
const upstream = twitterSearch('http://upstream.simulated');

/** The worlds that scenarios can be played in. */
const worlds = {
  virtual: (scenario: Scenario, tell: WorldListener) => new VirtualWorld(scenario, upstream, tell),
} as const;

/**
 * `herd simulate`: plays scenarios, tells what happens as it goes, and what came of each. The exit status is 0 if all held, 1 if
 * one did not, and 2 if one could not be run.
 */
export async function simulate(files: readonly string[], options: SimulateOptions): Promise<void> {
  const makeWorld = worldNamed(options.world);
  const seed = seedOf(options.seed);
  try {
    const scenarios = files.map((file) => loadScenario(file, process.env));
    const results: RunResult[] = [];
    const folders = options.report === undefined ? [] : reportFolders(options.report, files);
    for (const [index, scenario] of scenarios.entries()) {
      const seeded = seed === undefined ? scenario : { ...scenario, seed };
      const folder = folders[index];
      const report = folder === undefined ? undefined : new Report(folder, seeded);
      results.push(await play(seeded, (tell) => makeWorld(seeded, tell), report));
    }
    const broken = results.filter(({ verdict }) => verdict === 'violated');
    if (results.length > 1) print(`\n${results.length - broken.length} of ${results.length} scenarios held`);
    if (broken.length > 0) process.exitCode = 1;
  } catch (error) {
    if (error instanceof ReportError) warn(error.message);
    else if (error instanceof ConfigError || error instanceof WorldRefusal)
      for (const problem of error.problems) warn(problem);
    else throw error;
    process.exitCode = 2;
  }
}

async function play(
  scenario: Scenario,
  world: (tell: WorldListener) => VirtualWorld,
  report: Report | undefined,
): Promise<RunResult> {
  const { name, seed, file } = scenario;
  print(`\n${name} (${file}, seed ${seed})\n`);
  const timeline = new Timeline(scenario.herd.topology);
  const startedMs = performance.now();
  const result = await runScenario(scenario, {
    world,
    onEntry: (atMs, event) => {
      timeline.note(atMs, event);
      report?.note(atMs, event);
    },
  });
  print(verdictOf(result, performance.now() - startedMs));
  if (report !== undefined) print(`  report       ${report.write(result)}`);
  return result;
}

function worldNamed(name: string): (typeof worlds)['virtual'] {
  if (name === 'virtual') return worlds[name];
  throw new UsageError(`there is no world ${name}; there is ${Object.keys(worlds).join(', ')}`);
}

function seedOf(written: string | undefined): number | undefined {
  if (written === undefined) return undefined;
  if (!/^\d{1,15}$/.test(written)) throw new UsageError(`a seed is a whole number, and ${written} is none`);
  return Number(written);
}
