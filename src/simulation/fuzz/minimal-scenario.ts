import { formatScenario } from '../scenario/scenario-writer.js';
import { toScenarioContent } from './generated-scenario.js';
import { drawScenario } from './draw-scenario.js';
import { runGenerated, type EnvironmentFactory } from './run-scenario.js';
import { shrink } from './shrink.js';

/** The smallest scenario found that reproduces the failure of a seed. */
export interface MinimalScenario {
  /** Text of a file for `herd simulate`. */
  readonly text: string;
  readonly steps: number;
  readonly servers: number;
  readonly attempts: number;
}

/** Shrinks the scenario of a seed while it violates the same invariant. */
export async function buildMinimalScenario(
  seed: number,
  invariant: string,
  {
    version,
    createEnvironment: createEnvironment,
  }: { readonly version: string; readonly createEnvironment: EnvironmentFactory },
): Promise<MinimalScenario> {
  const { scenario, attempts } = await shrink(drawScenario(seed), async (candidate) => {
    const { violated } = await runGenerated(candidate, createEnvironment);
    return violated.some((violation) => violation.invariant === invariant);
  });
  const { violated } = await runGenerated(scenario, createEnvironment);
  const violationText = violated.find((violation) => violation.invariant === invariant)?.text ?? '';
  const content = toScenarioContent(scenario);
  const comment = `Shrunk from seed ${seed} of version ${version}. It violates ${invariant}:\n${violationText}`;
  return {
    text: formatScenario(content, comment),
    steps: content.steps.length,
    servers: content.herd.topology.size,
    attempts,
  };
}
