import type { Scenario } from '../scenario/scenario.js';
import type { Environment } from '../environment.js';

/** A scenario has steps that an environment cannot execute. */
export class UnsupportedScenarioError extends Error {
  readonly code = 'HERD_WORLD';

  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
  }
}

/** Returns what an environment does not support, each with file and line; empty if it can run the scenario. */
export function unsupportedProblems(
  { herd, herdSourceLine, steps }: Scenario,
  world: Pick<Environment, 'name' | 'unsupportedReason' | 'unsupportedHerdReason'>,
): string[] {
  const herdReason = world.unsupportedHerdReason(herd);
  if (herdReason !== undefined)
    return [`${herdSourceLine}: the world of ${world.name} cannot have this herd: ${herdReason}`];
  return steps.flatMap(({ action, sourceLine, text }) => {
    const reason = world.unsupportedReason(action);
    return reason === undefined ? [] : [`${sourceLine}: the world of ${world.name} cannot do ${text}: ${reason}`];
  });
}
