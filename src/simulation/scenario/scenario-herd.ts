import { asServerId, type ServerId } from '../../protocol/place/ids.js';
import { topologyOf } from '../../protocol/place/topology.js';
import type { HerdConfig } from '../../runtime/config/herd-config.js';
import { limitsOf, paceOf } from '../../runtime/config/load.js';
import { engine } from './links-in.js';
import { insteadOf } from '../../runtime/config/did-you-mean.js';
import type { Problems } from './diagnostics.js';
import { repeatedIn } from './repeated.js';
import type { ScenarioHerd } from './scenario.js';
import { inlineHerdSchema } from './scenario-schema.js';

/**
 * The herd of a scenario: of a herd.yaml, or of servers and talks that stand in the scenario.
 *
 * @param written a path from the scenario's folder, or the herd itself
 * @param load reads the herd.yaml at a path; notes it as a problem, and returns undefined, if the file cannot be read
 * @throws ConfigError if the herd.yaml is wrong
 */
export function herdOf(
  written: string | Record<string, unknown>,
  load: (path: string) => HerdConfig | undefined,
  problems: Problems,
): ScenarioHerd | undefined {
  if (typeof written !== 'string') return inlineHerd(written, problems);
  const config = load(written);
  if (config === undefined) return undefined;
  const { herd: name, topology, limits, pace, spread, bridge, file } = config;
  if (bridge !== undefined) problems.add(['herd'], `${written} is bridged to other herds, and scenarios know only one`);
  if (spread.kind === 'nats' && spread.hold === 'touched') {
    problems.add(
      ['herd'],
      `${written} has servers that hold only some clients, and scenarios know only those that hold all`,
    );
  }
  const herd: ScenarioHerd = { name, topology, spread: spread.kind, limits, pace, file };
  requireEngineName(herd, ['herd'], problems);
  return herd;
}

function inlineHerd(written: Record<string, unknown>, problems: Problems): ScenarioHerd | undefined {
  const herd = problems.read(inlineHerdSchema, written, ['herd']);
  if (herd === undefined) return undefined;
  const known = new Set(herd.servers);
  for (const name of repeatedIn(herd.servers))
    problems.add(['herd', 'servers'], `${name} stands twice among the servers`);
  const edges: [ServerId, ServerId][] = [];
  for (const [name, others] of Object.entries(herd.talks)) {
    const path = ['herd', 'talks', name];
    if (!known.has(name)) problems.add(path, `${name} is no server of this herd; ${insteadOf(name, herd.servers)}`);
    for (const [index, other] of others.entries()) {
      if (other === name) problems.add([...path, index], `${name} cannot talk with itself`);
      else if (known.has(other)) edges.push([idOf(name), idOf(other)]);
      else problems.add([...path, index], `${other} is no server of this herd; ${insteadOf(other, herd.servers)}`);
    }
  }
  const spread = herd.spread.kind;
  if (spread === 'nats' && edges.length > 0) {
    problems.add(['herd', 'talks'], 'servers on NATS have no links; leave talks out');
  }
  const inline: ScenarioHerd = {
    name: 'simulated',
    topology: topologyOf([...known].map(idOf), edges),
    spread,
    limits: limitsOf(herd.limits),
    pace: paceOf(herd.links),
    file: undefined,
  };
  requireEngineName(inline, ['herd', 'servers'], problems);
  return inline;
}

/** Where there is an engine, no server has its name. */
function requireEngineName({ spread, topology }: ScenarioHerd, path: readonly string[], problems: Problems): void {
  if (spread === 'nats' && topology.has(engine)) {
    problems.add(
      path,
      `no server of a herd on NATS can be called ${engine}: in a scenario that is what NATS is called`,
    );
  }
}

function idOf(name: string): ServerId {
  const id = asServerId(name);
  if (id === undefined) throw new Error(`${name} passed the schema and is no server's name`);
  return id;
}
