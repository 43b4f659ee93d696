import { ConfigError } from '../../src/runtime/errors.js';
import { runScenario, type RunOptions } from '../../src/simulation/run/runner.js';
import type { RunResult } from '../../src/simulation/run/result.js';
import { parseScenario } from '../../src/simulation/scenario/scenario-loader.js';
import type { Scenario } from '../../src/simulation/scenario/scenario.js';
import { VirtualEnvironment } from '../../src/simulation/virtual/virtual-environment.js';
import { twitterSearch } from '../../src/upstreams/twitter.js';

/** The five servers of the shipped herd, so that a scenario of a test can stand by itself. */
export const fiveServers = `
herd:
  servers: [Blake, Bryant, Gasol, Howard, Metta]
  topology: { Blake: [Bryant, Howard], Gasol: [Bryant, Howard], Metta: [Bryant] }
`;

/** A scenario of a test: its text without its name, and without its herd if it is the shipped one. */
export function createScenario(text: string, seed = 1): Scenario {
  const herd = text.includes('herd:') ? '' : fiveServers;
  return parseScenario('test.yaml', `name: a test\nseed: ${seed}\n${herd}\n${text}`, {});
}

/** What is said of a scenario that is wrong; its lines start at 1. */
export function scenarioProblems(text: string): readonly string[] {
  try {
    parseScenario('test.yaml', text, {});
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

const upstream = twitterSearch('http://upstream.simulated');

/** Plays a scenario in the virtual world. */
export function runSimulation(scenario: Scenario, options: Partial<RunOptions> = {}): Promise<RunResult> {
  return runScenario(scenario, {
    createEnvironment: (emit) => new VirtualEnvironment(scenario, upstream, emit),
    ...options,
  });
}

/** The names of the invariants that a scenario breaks. */
export async function violatedInvariants(text: string): Promise<string[]> {
  const { violations } = await runSimulation(createScenario(text));
  return [...new Set(violations.map(({ invariant }) => invariant))];
}
