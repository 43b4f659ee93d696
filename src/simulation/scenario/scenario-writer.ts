import { Document, isMap, isSeq, visit } from 'yaml';
import { limitSettings, peerSettings, toWritten, type Limits } from '../../actors/ports/limits.js';
import { textOf } from '../../protocol/text/bytes.js';
import type { ServerId } from '../../protocol/place/ids.js';
import type { Action, Edge, Scenario, ScenarioHerd, ScenarioReplication, Step } from './scenario.js';
import { broker } from './links-in.js';
import { formatBandwidth, formatDuration, formatPercent, formatRange, formatRate } from './format-units.js';

/** The parts of a scenario that are written to a file. */
export interface ScenarioContent extends Omit<Scenario, 'file' | 'herdSourceLine' | 'steps'> {
  readonly steps: readonly Pick<Step, 'atMs' | 'action'>[];
}

/** Nesting depth down to which values are written as blocks; deeper ones are written on one line. */
const maxBlockDepth = 2;

/** Maximum line length. */
const lineWidth = 140;

/**
 * Formats a scenario as a file: `parseScenario` of it returns the same scenario. The herd is written inline, even if it came
 * from a herd.yaml.
 * @param comment lines at the top; empty for none
 */
export function formatScenario(scenario: ScenarioContent, comment = ''): string {
  const { name, seed, herd, network, clients, steps, settleMs } = scenario;
  const content = {
    name,
    seed,
    herd: herdContent(herd),
    network: {
      delay: formatRange(network.delay),
      loss: formatPercent(network.loss),
      duplicate: formatPercent(network.duplicate),
      bandwidth: formatBandwidth(network.bytesPerSecond),
      buffers: `${network.bufferBytes}B`,
    },
    clients: {
      count: clients.count,
      rate: formatRate(clients.commandsPerSecond),
      clockSkew: formatDuration(clients.clockSkewMs),
      late: formatPercent(clients.lateProbability),
      queries: formatPercent(clients.queryProbability),
      moves: formatPercent(clients.moveProbability),
      checks: formatPercent(clients.checkProbability),
    },
    settle: formatDuration(settleMs),
    steps: steps.map(({ atMs, action }) => ({ at: formatDuration(atMs), ...actionContent(action) })),
  };
  const document = new Document(content, { aliasDuplicateObjects: false });
  visit(document, {
    Collection: (_, node, path) => {
      const depth = path.filter((above) => isMap(above) || isSeq(above)).length;
      node.flow =
        depth >= maxBlockDepth || (depth === 1 && isMap(node) && node.items.every((item) => !isMap(item.value)));
    },
  });
  if (comment !== '') document.commentBefore = comment.replaceAll(/^(?=.)/gm, ' ');
  return document.toString({ lineWidth, flowCollectionPadding: true });
}

function herdContent({ topology, replication, limits, linkTimings }: ScenarioHerd): object {
  const neighboursOf: Record<string, ServerId[]> = {};
  for (const [server, neighbours] of topology) {
    const remaining = neighbours.filter((neighbour) => server < neighbour);
    if (remaining.length > 0) neighboursOf[server] = remaining;
  }
  return {
    servers: [...topology.keys()],
    ...(replication.kind === 'flood' ? { topology: neighboursOf } : { replication: natsContent(replication) }),
    limits: changedLimits(limits),
    peers: toWritten(peerSettings, linkTimings),
  };
}

function natsContent({ kind, replicas, brokers }: Extract<ScenarioReplication, { kind: 'nats' }>): object {
  return { kind, replicas: replicas === Infinity ? 'all' : replicas, brokers };
}

/** The limits that differ from their defaults, with the names of herd.yaml. */
function changedLimits(limits: Limits): Record<string, number> {
  const written = Object.entries(toWritten(limitSettings, limits)) as [keyof typeof limitSettings, number][];
  return Object.fromEntries(written.filter(([name, value]) => value !== limitSettings[name].default));
}

function actionContent(action: Action): object {
  switch (action.kind) {
    case 'crash':
      return { crash: serversContent(action.servers), ...(action.memory === 'on disk' ? { keep: 'disk' } : {}) };
    case 'restart':
    case 'pause':
    case 'resume':
    case 'join':
    case 'leave':
      return { [action.kind]: serversContent(action.servers) };
    case 'cut':
    case 'stall': {
      const { edge, beside } = edgeContent(action.edges);
      return { [action.kind]: edge, ...beside };
    }
    case 'slow': {
      const { edge, beside } = edgeContent(action.edges);
      const { delay, bytesPerSecond, loss } = action.conditions;
      const conditions = {
        ...(delay === undefined ? {} : { delay: formatRange(delay) }),
        ...(bytesPerSecond === undefined ? {} : { bandwidth: formatBandwidth(bytesPerSecond) }),
        ...(loss === undefined ? {} : { loss: formatPercent(loss) }),
      };
      return { slow: { edge, ...conditions }, ...beside };
    }
    case 'partition':
      return { partition: action.groups };
    case 'heal':
      return { heal: typeof action.what === 'string' ? action.what : edgeContent(action.what).edge };
    case 'clock': {
      const { server, jumpMs, drift } = action;
      const jump = jumpMs === 0 ? {} : { jump: formatDuration(jumpMs) };
      return { clock: { server, ...jump, ...(drift === undefined ? {} : { drift: formatPercent(drift) }) } };
    }
    case 'phone':
      return { phone: { client: textOf(action.client), clock: formatDuration(action.clockMs) } };
    case 'upstream':
      return { upstream: action.state };
    case 'broker':
      return { broker: brokerContent(action.nodes, action.state) };
    case 'report': {
      const { server, client, position } = action;
      return { report: { server, client: textOf(client), position } };
    }
    case 'query': {
      const { server, client, radiusKm, count } = action;
      return { query: { server, client: textOf(client), radius: radiusKm, count } };
    }
    case 'expect': {
      const { expectation } = action;
      if (expectation.kind === 'converged') return { expect: 'converged' };
      if (expectation.kind === 'linked') return { expect: { linked: expectation.server } };
      const { server, client, position = 'none' } = expectation;
      return { expect: { server, client: textOf(client), position } };
    }
  }
}

/** A change of one node of several is written with its name. */
function brokerContent(nodes: readonly ServerId[], state: 'up' | 'down'): string | object {
  const [only] = nodes;
  return nodes.length === 1 && only !== broker ? { [state]: only } : state;
}

function serversContent(servers: readonly ServerId[]): ServerId | readonly ServerId[] {
  const [first] = servers;
  return servers.length === 1 && first !== undefined ? first : servers;
}

/** Formats edges as they are parsed: both directions of a link or one, or all links of a server or of the broker. */
function edgeContent(edges: readonly Edge[]): { edge: string | string[]; beside: { oneway?: true } } {
  const [first, second] = edges;
  if (first === undefined) throw new Error('an edge action needs an edge');
  const { from, to } = first;
  if (second === undefined) return { edge: [from, to], beside: { oneway: true } };
  const isOneway = second.from === from;
  if (edges.length === 2 && !isOneway) return { edge: [from, to], beside: {} };
  return { edge: from, beside: isOneway ? { oneway: true } : {} };
}
