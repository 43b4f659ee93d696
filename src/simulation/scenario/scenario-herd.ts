import { asServerId, type ServerId } from '../../protocol/place/ids.js';
import { buildTopology } from '../../protocol/place/topology.js';
import type { HerdConfig } from '../../runtime/config/herd-config.js';
import { toInternal } from '../../actors/ports/limits.js';
import { isBrokerNode } from './links-in.js';
import { didYouMean } from '../../runtime/config/did-you-mean.js';
import type { Diagnostics } from './diagnostics.js';
import { findDuplicates } from './find-duplicates.js';
import type { ScenarioHerd } from './scenario.js';
import { inlineHerdSchema } from './scenario-schema.js';

/**
 * Reads the herd of a scenario: from a herd.yaml, or from servers and topology in the scenario.
 * @param input a path relative to the scenario's folder, or the herd itself
 * @param load reads the herd.yaml at a path; adds a problem and returns undefined if it cannot be read
 * @throws ConfigError if the herd.yaml is invalid
 */
export function readScenarioHerd(
  input: string | Record<string, unknown>,
  load: (path: string) => HerdConfig | undefined,
  problems: Diagnostics,
): ScenarioHerd | undefined {
  if (typeof input !== 'string') return readInlineHerd(input, problems);
  const config = load(input);
  if (config === undefined) return undefined;
  const { herd: name, topology, limits, linkTimings, replication, bridge, file } = config;
  if (bridge !== undefined) problems.add(['herd'], `${input}: bridged herds cannot be simulated`);
  const herd: ScenarioHerd = {
    name,
    topology,
    replication:
      replication.kind === 'flood' ? { kind: 'flood' } : { kind: 'nats', replicas: replication.replicas, brokers: 1 },
    limits,
    linkTimings,
    file,
  };
  rejectBrokerNames(herd, ['herd'], problems);
  return herd;
}

function readInlineHerd(input: Record<string, unknown>, problems: Diagnostics): ScenarioHerd | undefined {
  const herd = problems.read(inlineHerdSchema, input, ['herd']);
  if (herd === undefined) return undefined;
  const known = new Set(herd.servers);
  for (const name of findDuplicates(herd.servers)) problems.add(['herd', 'servers'], `${name} occurs twice`);
  const edges: [ServerId, ServerId][] = [];
  for (const [name, neighbours] of Object.entries(herd.topology)) {
    const path = ['herd', 'topology', name];
    if (!known.has(name)) problems.add(path, `unknown server ${name}; ${didYouMean(name, herd.servers)}`);
    for (const [index, other] of neighbours.entries()) {
      if (other === name) problems.add([...path, index], `${name} cannot be its own neighbour`);
      else if (known.has(other)) edges.push([toServerId(name), toServerId(other)]);
      else problems.add([...path, index], `unknown server ${other}; ${didYouMean(other, herd.servers)}`);
    }
  }
  const { replication } = herd;
  if (replication.kind === 'nats' && edges.length > 0) {
    problems.add(['herd', 'topology'], 'a herd on NATS has no links between servers; remove topology');
  }
  const inline: ScenarioHerd = {
    name: 'simulated',
    topology: buildTopology([...known].map(toServerId), edges),
    replication,
    limits: toInternal(herd.limits),
    linkTimings: toInternal(herd.peers),
    file: undefined,
  };
  rejectBrokerNames(inline, ['herd', 'servers'], problems);
  return inline;
}

/** In a herd with a broker no server may have the name of a node. */
function rejectBrokerNames(
  { replication, topology }: ScenarioHerd,
  path: readonly string[],
  problems: Diagnostics,
): void {
  if (replication.kind === 'flood') return;
  for (const server of topology.keys()) {
    if (!isBrokerNode(server)) continue;
    problems.add(path, `a server of a herd on NATS cannot be named ${server}, which is a broker node in scenarios`);
  }
}

function toServerId(name: string): ServerId {
  const id = asServerId(name);
  if (id === undefined) throw new Error(`${name} is not a valid server name`);
  return id;
}
