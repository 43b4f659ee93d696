import { runScenario } from '../run/runner.js';
import type { RunResult } from '../run/result.js';
import { parseScenario } from '../scenario/scenario-loader.js';
import { formatScenario } from '../scenario/scenario-writer.js';
import type { Environment, SimulationListener } from '../environment.js';
import type { Scenario } from '../scenario/scenario.js';
import { toScenarioContent, type GeneratedScenario } from './generated-scenario.js';
import { Coverage } from './coverage.js';
import { drawScenario } from './draw-scenario.js';

/** Creates the environment in which a scenario runs. */
export type EnvironmentFactory = (scenario: Scenario, emit: SimulationListener) => Environment;

/** Result of one random run. Plain data: it is sent between threads. */
export interface FuzzRun {
  readonly seed: number;
  readonly verdict: RunResult['verdict'];
  /** The violated invariants in order of detection, each once, with its first violation. */
  readonly violated: readonly { readonly invariant: string; readonly text: string; readonly atMs: number }[];
  readonly simulatedMs: number;
  readonly traceHash: string;
  /** How often each coverage goal was met. */
  readonly coverage: Readonly<Record<string, number>>;
}

/** Draws the scenario of a seed and runs it. */
export function runSeed(seed: number, createEnvironment: EnvironmentFactory): Promise<FuzzRun> {
  return runGenerated(drawScenario(seed), createEnvironment);
}

/** Runs what a file of the generated scenario would contain, so that the file reproduces the result. */
export async function runGenerated(
  generated: GeneratedScenario,
  createEnvironment: EnvironmentFactory,
): Promise<FuzzRun> {
  const scenario = parseScenario(`fuzz-${generated.seed}.yaml`, formatScenario(toScenarioContent(generated)), {});
  const coverage = new Coverage(scenario);
  const { verdict, violations, simulatedMs, traceHash } = await runScenario(scenario, {
    createEnvironment: (emit) =>
      createEnvironment(scenario, (event) => {
        coverage.observe(event);
        emit(event);
      }),
  });
  const firstViolations = new Map<string, FuzzRun['violated'][number]>();
  for (const { invariant, text, atMs } of violations) {
    if (!firstViolations.has(invariant)) firstViolations.set(invariant, { invariant, text, atMs });
  }
  return {
    seed: generated.seed,
    verdict,
    violated: [...firstViolations.values()],
    simulatedMs,
    traceHash,
    coverage: coverage.counts,
  };
}
