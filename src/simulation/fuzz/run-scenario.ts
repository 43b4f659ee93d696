import { runScenario } from '../run/runner.js';
import type { RunResult } from '../run/result.js';
import { parseScenario } from '../scenario/scenario-loader.js';
import { formatScenario } from '../scenario/scenario-writer.js';
import type { Environment, SimulationListener } from '../environment.js';
import type { Scenario } from '../scenario/scenario.js';
import { toScenarioContent, type GeneratedScenario } from './generated-scenario.js';
import { Coverage } from './coverage.js';
import { drawScenario } from './draw-scenario.js';

/** Makes the world in which a scenario is played. */
export type EnvironmentFactory = (scenario: Scenario, tell: SimulationListener) => Environment;

/** What came of one random run. Plain data: it travels between threads. */
export interface FuzzRun {
  readonly seed: number;
  readonly verdict: RunResult['verdict'];
  /** The invariants that were broken, each once, in the order in which they were seen to be; with what was seen first. */
  readonly violated: readonly { readonly invariant: string; readonly text: string; readonly atMs: number }[];
  readonly simulatedMs: number;
  readonly traceHash: string;
  /** How often what a run may meet was met. */
  readonly coverage: Readonly<Record<string, number>>;
}

/** Draws a scenario and plays it. */
export function runSeed(seed: number, createEnvironment: EnvironmentFactory): Promise<FuzzRun> {
  return runGenerated(drawScenario(seed), createEnvironment);
}

/** Plays what would stand in the file of a draft, so that the file shows the same. */
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
