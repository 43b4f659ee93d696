import type { Scenario } from '../scenario/scenario.js';
import type { Environment } from '../environment.js';

/** A scenario has steps that an environment cannot execute. */
export class UnsupportedScenarioError extends Error {
  readonly code = 'HERD_UNSUPPORTED_SCENARIO';

  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
  }
}

/** Returns what an environment does not support, each with file and line; empty if it can run the scenario. */
export function unsupportedProblems(
  { herd, herdSourceLine, steps }: Scenario,
  environment: Pick<Environment, 'name' | 'unsupportedReason' | 'unsupportedHerdReason'>,
): string[] {
  const herdReason = environment.unsupportedHerdReason(herd);
  if (herdReason !== undefined)
    return [`${herdSourceLine}: not supported with --environment ${environment.name}: ${herdReason}`];
  return steps.flatMap(({ action, sourceLine, text }) => {
    const reason = environment.unsupportedReason(action);
    return reason === undefined
      ? []
      : [`${sourceLine}: not supported with --environment ${environment.name}: ${text}: ${reason}`];
  });
}
