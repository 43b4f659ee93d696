import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { HerdConfig } from '../../runtime/config/herd-config.js';
import { parseConfig } from '../../runtime/config/load.js';
import { ConfigError, describeReadError } from '../../runtime/errors.js';
import { YamlSource } from '../../runtime/config/yaml-source.js';
import { readScenarioHerd } from './scenario-herd.js';
import { Diagnostics } from './diagnostics.js';
import type { Scenario, Step } from './scenario.js';
import { scenarioSchema } from './scenario-schema.js';
import { StepReader } from './step-reader.js';

type EnvironmentVariables = Readonly<Record<string, string | undefined>>;

/**
 * Loads and validates a scenario.
 * @param file path, as it appears in messages
 * @param environment variables for `${NAME}` in values
 * @throws ConfigError with all problems, each with file and line
 */
export function loadScenario(file: string, environment: EnvironmentVariables): Scenario {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError([`${file} cannot be read: ${describeReadError(error)}`]);
  }
  return parseScenario(file, text, environment);
}

/**
 * Parses and validates the text of a scenario.
 */
export function parseScenario(file: string, text: string, environment: EnvironmentVariables): Scenario {
  const source = new YamlSource(file, text, environment);
  const problems = new Diagnostics(source);
  const input = problems.read(scenarioSchema, source.value, []);
  problems.throwIfAny();
  /** Loads the herd.yaml at a path relative to the scenario; undefined, with a problem added, if it cannot be read. */
  const loadHerdFile = (path: string): HerdConfig | undefined => {
    const herdFile = resolve(dirname(file), path);
    let herdText: string;
    try {
      herdText = readFileSync(herdFile, 'utf8');
    } catch (error) {
      problems.add(['herd'], `herd: cannot read ${herdFile}: ${describeReadError(error)}`);
      return undefined;
    }
    return parseConfig(herdFile, herdText, environment);
  };
  if (input === undefined) throw new Error(`${file} is invalid without a reported problem`);
  const herd = readScenarioHerd(input.herd, loadHerdFile, problems);
  problems.throwIfAny();
  if (herd === undefined) throw new Error(`${file} has no herd without a reported problem`);
  const sourceLineOf = (path: readonly PropertyKey[]) => source.describeAt(path, '').replace(/: $/, '');
  const reader = new StepReader(herd, problems, sourceLineOf);
  const steps = input.steps.flatMap((step, index) => reader.read(step, index) ?? []);
  const {
    count,
    rate,
    clockSkew,
    late: lateProbability,
    queries,
    moves: moveProbability,
    checks: checkProbability,
  } = input.clients;
  if (count > 0 !== rate > 0) {
    problems.add(['clients'], 'clients need a count and a rate, such as { count: 50, rate: 20/s }');
  }
  problems.throwIfAny();
  const { delay, loss, duplicate, bandwidth, buffers } = input.network;
  return {
    file,
    name: input.name,
    seed: input.seed,
    herd,
    herdSourceLine: sourceLineOf(['herd']),
    network: { delay, loss, duplicate, bytesPerSecond: bandwidth, bufferBytes: buffers },
    clients: {
      count,
      commandsPerSecond: rate,
      clockSkewMs: clockSkew,
      lateProbability,
      queryProbability: queries,
      moveProbability,
      checkProbability,
    },
    steps: sortByTime(steps),
    settleMs: input.settle,
  };
}

/** Sorts by time; steps at the same moment keep their order. */
function sortByTime(steps: readonly Step[]): Step[] {
  return [...steps].sort((a, b) => a.atMs - b.atMs);
}
