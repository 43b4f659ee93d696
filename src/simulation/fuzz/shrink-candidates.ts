import { defaultLimits, type Limits } from '../../actors/ports/limits.js';
import type { ServerId } from '../../protocol/place/ids.js';
import { connectedComponents, buildTopology, type Topology } from '../../protocol/place/topology.js';
import { defaultBufferBytes } from '../network/path.js';
import type { Edge } from '../scenario/scenario.js';
import { broker, isBrokerNode, linksIn } from '../scenario/links-in.js';
import type { GeneratedScenario, GeneratedStep } from './generated-scenario.js';

/** Minimum time before all faults are repaired, in milliseconds. */
const minEndMs = 1_000;

/** Yields scenarios with something removed, those with the largest removals first. */
export function* shrinkCandidates(scenario: GeneratedScenario): Generator<GeneratedScenario> {
  yield* withFewerSteps(scenario);
  yield* withFewerServers(scenario);
  yield* withSimplerReplication(scenario);
  yield* withFewerEdges(scenario);
  yield* withFewerClients(scenario);
  yield* withPlainerNetwork(scenario);
  yield* withPlainerLimits(scenario);
  yield* withLessTime(scenario);
}

/** Without all steps, without each half, each quarter, down to each single step. */
function* withFewerSteps(scenario: GeneratedScenario): Generator<GeneratedScenario> {
  const { steps } = scenario;
  for (let size = steps.length; size >= 1; size = Math.floor(size / 2)) {
    for (let start = 0; start < steps.length; start += size) {
      yield { ...scenario, steps: [...steps.slice(0, start), ...steps.slice(start + size)] };
    }
  }
}

function* withFewerServers(scenario: GeneratedScenario): Generator<GeneratedScenario> {
  const { topology } = scenario.herd;
  if (topology.size <= 2) return;
  for (const server of topology.keys()) {
    const remaining = [...topology.keys()].filter((other) => other !== server);
    const edges = undirectedEdges(topology).filter((edge) => !edge.includes(server));
    yield* withTopology(scenario, buildTopology(remaining, edges));
  }
}

function* withFewerEdges(scenario: GeneratedScenario): Generator<GeneratedScenario> {
  const { topology } = scenario.herd;
  const edges = undirectedEdges(topology);
  for (const removed of edges) {
    yield* withTopology(
      scenario,
      buildTopology(
        topology.keys(),
        edges.filter((edge) => edge !== removed),
      ),
    );
  }
}

/** With one broker node, or with fewer holders of each partition. */
function* withSimplerReplication(scenario: GeneratedScenario): Generator<GeneratedScenario> {
  const { replication, topology } = scenario.herd;
  if (replication.kind === 'flood') return;
  const change = (changed: Partial<typeof replication>): GeneratedScenario => ({
    ...scenario,
    herd: { ...scenario.herd, replication: { ...replication, ...changed } },
  });
  if (replication.brokers > 1) {
    const { herd } = change({ brokers: 1 });
    const renamed = scenario.steps.map(({ atMs, action }) => ({ atMs, action: withOneNode(action) }));
    yield* withTopology({ ...scenario, herd, steps: renamed }, topology);
  }
  const replicas = Math.min(replication.replicas, topology.size);
  if (replicas > 1) yield change({ replicas: 1 });
  if (replicas > 2) yield change({ replicas: replicas - 1 });
}

/** Renames the first of several broker nodes to the only one. */
function withOneNode(action: GeneratedStep['action']): GeneratedStep['action'] {
  const rename = (name: ServerId) => (name === `${broker}-1` ? broker : name);
  switch (action.kind) {
    case 'cut':
    case 'stall':
    case 'slow':
      return { ...action, edges: action.edges.map(({ from, to }) => ({ from: rename(from), to: rename(to) })) };
    case 'heal':
      if (typeof action.what === 'string') return action;
      return { ...action, what: action.what.map(({ from, to }) => ({ from: rename(from), to: rename(to) })) };
    case 'partition':
      return { ...action, groups: action.groups.map((group) => group.map(rename)) };
    case 'broker':
      return { ...action, nodes: action.nodes.map(rename) };
    default:
      return action;
  }
}

/** With a topology that is still connected, and the steps that apply to it. */
function* withTopology(scenario: GeneratedScenario, topology: Topology): Generator<GeneratedScenario> {
  const herd = { ...scenario.herd, topology };
  const links = linksIn(herd);
  if (connectedComponents(links).length > 1) return;
  const steps = scenario.steps.flatMap(({ atMs, action }): GeneratedStep[] => {
    const remaining = restrictAction(links, action);
    return remaining === undefined ? [] : [{ atMs, action: remaining }];
  });
  yield { ...scenario, herd, steps };
}

/** Restricts an action to the given links; undefined if nothing is left of it. */
function restrictAction(links: Topology, action: GeneratedStep['action']): GeneratedStep['action'] | undefined {
  const has = (server: ServerId) => links.has(server);
  const edgesIn = (edges: readonly Edge[]) => edges.filter(({ from, to }) => links.get(from)?.includes(to) === true);
  switch (action.kind) {
    case 'crash':
    case 'restart':
    case 'pause':
    case 'resume':
    case 'join':
    case 'leave': {
      const servers = action.servers.filter(has);
      return servers.length === 0 ? undefined : { ...action, servers };
    }
    case 'cut':
    case 'stall':
    case 'slow': {
      const edges = edgesIn(action.edges);
      return edges.length === 0 ? undefined : { ...action, edges };
    }
    case 'heal': {
      if (typeof action.what === 'string') return action;
      const what = edgesIn(action.what);
      return what.length === 0 ? undefined : { ...action, what };
    }
    case 'partition': {
      const groups = action.groups.map((group) => group.filter(has)).filter((group) => group.length > 0);
      const isMissingBroker = [...links.keys()].some(isBrokerNode) && !groups.flat().some(isBrokerNode);
      return groups.length < 2 || isMissingBroker ? undefined : { ...action, groups };
    }
    case 'clock':
      return has(action.server) ? action : undefined;
    case 'broker': {
      const nodes = action.nodes.filter(has);
      return nodes.length === 0 ? undefined : { ...action, nodes };
    }
    case 'phone':
    case 'upstream':
      return action;
  }
}

function undirectedEdges(topology: Topology): (readonly [ServerId, ServerId])[] {
  return [...topology].flatMap(([one, others]) =>
    others.filter((other) => one < other).map((other) => [one, other] as const),
  );
}

function* withFewerClients(scenario: GeneratedScenario): Generator<GeneratedScenario> {
  const { clients } = scenario;
  const { count, commandsPerSecond } = clients;
  const change = (changed: Partial<GeneratedScenario['clients']>): GeneratedScenario => ({
    ...scenario,
    clients: { ...clients, ...changed },
  });
  if (clients.queryProbability > 0) yield change({ queryProbability: 0 });
  if (clients.checkProbability > 0) yield change({ checkProbability: 0 });
  if (clients.moveProbability > 0) yield change({ moveProbability: 0 });
  if (clients.lateProbability > 0) yield change({ lateProbability: 0 });
  if (clients.clockSkewMs > 0) yield change({ clockSkewMs: 0 });
  if (count > 1) yield change({ count: 1 });
  if (count > 1) yield change({ count: Math.floor(count / 2) });
  if (commandsPerSecond > 1) yield change({ commandsPerSecond: 1 });
  if (commandsPerSecond > 1) yield change({ commandsPerSecond: Math.floor(commandsPerSecond / 2) });
}

function* withPlainerNetwork(scenario: GeneratedScenario): Generator<GeneratedScenario> {
  const { network } = scenario;
  const change = (changed: Partial<GeneratedScenario['network']>): GeneratedScenario => ({
    ...scenario,
    network: { ...network, ...changed },
  });
  const { minMs, maxMs } = network.delay;
  if (network.duplicate > 0) yield change({ duplicate: 0 });
  if (network.bytesPerSecond !== Infinity) yield change({ bytesPerSecond: Infinity });
  if (network.bufferBytes !== defaultBufferBytes) yield change({ bufferBytes: defaultBufferBytes });
  if (minMs !== maxMs) yield change({ delay: { minMs: maxMs, maxMs } });
}

function* withPlainerLimits(scenario: GeneratedScenario): Generator<GeneratedScenario> {
  const { limits } = scenario.herd;
  for (const name of Object.keys(limits) as (keyof Limits)[]) {
    if (limits[name] === defaultLimits[name]) continue;
    yield { ...scenario, herd: { ...scenario.herd, limits: { ...limits, [name]: defaultLimits[name] } } };
  }
}

/** Ends sooner, begins later, or runs at double speed. */
function* withLessTime(scenario: GeneratedScenario): Generator<GeneratedScenario> {
  const { steps, endMs } = scenario;
  const firstMs = steps[0]?.atMs ?? endMs;
  const lastMs = steps.at(-1)?.atMs ?? 0;
  const rescaled = (to: (ms: number) => number, newEndMs: number): GeneratedScenario => ({
    ...scenario,
    steps: steps.map(({ atMs, action }) => ({ atMs: to(atMs), action })),
    endMs: newEndMs,
  });
  const shortestEndMs = Math.max(minEndMs, lastMs + 1);
  if (shortestEndMs < endMs) yield rescaled((ms) => ms, shortestEndMs);
  const halfwayMs = Math.ceil((shortestEndMs + endMs) / 2);
  if (halfwayMs < endMs) yield rescaled((ms) => ms, halfwayMs);
  const idleMs = firstMs - minEndMs / 2;
  if (idleMs > 0 && endMs - idleMs >= minEndMs) yield rescaled((ms) => ms - idleMs, endMs - idleMs);
  if (endMs >= 2 * minEndMs) yield rescaled((ms) => Math.floor(ms / 2), Math.ceil(endMs / 2));
}
