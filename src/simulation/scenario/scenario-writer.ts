import { Document, isMap, isSeq, visit } from 'yaml';
import { defaultLimits, type Limits } from '../../actors/ports/limits.js';
import { textOf } from '../../protocol/text/bytes.js';
import type { ServerId } from '../../protocol/place/ids.js';
import type { Action, Edge, Scenario, ScenarioHerd, Step } from './scenario.js';
import { bandwidthText, durationText, percentText, rangeText, rateText } from './unit-texts.js';

/** What of a scenario is written: all but where it stood. */
export interface ScenarioContent extends Omit<Scenario, 'file' | 'herdPlace' | 'steps'> {
  readonly steps: readonly Pick<Step, 'atMs' | 'action'>[];
}

/** How deep into the document each value has lines of its own; what lies deeper stands on one. */
const blockDepth = 2;

/** The widest line. */
const lineWidth = 140;

/**
 * A scenario as the text of a file: `parseScenario` of it gives the same scenario. Its herd is written out, whether it came
 * from a herd.yaml or not.
 *
 * @param comment why it is there, in lines; empty for none
 */
export function writeScenario(scenario: ScenarioContent, comment = ''): string {
  const { name, seed, herd, network, clients, steps, settleMs } = scenario;
  const content = {
    name,
    seed,
    herd: herdOf(herd),
    network: {
      delay: rangeText(network.delay),
      loss: percentText(network.loss),
      duplicate: percentText(network.duplicate),
      bandwidth: bandwidthText(network.bytesPerSecond),
      buffers: `${network.bufferBytes}B`,
    },
    clients: {
      count: clients.count,
      rate: rateText(clients.perSecond),
      clockSkew: durationText(clients.clockSkewMs),
      late: percentText(clients.late),
      asks: percentText(clients.asks),
      moves: percentText(clients.moves),
      checks: percentText(clients.checks),
    },
    settle: durationText(settleMs),
    steps: steps.map(({ atMs, action }) => ({ at: durationText(atMs), ...actionOf(action) })),
  };
  const document = new Document(content, { aliasDuplicateObjects: false });
  visit(document, {
    Collection: (_, node, path) => {
      const depth = path.filter((above) => isMap(above) || isSeq(above)).length;
      node.flow = depth >= blockDepth || (depth === 1 && isMap(node) && node.items.every((item) => !isMap(item.value)));
    },
  });
  if (comment !== '') document.commentBefore = comment.replaceAll(/^(?=.)/gm, ' ');
  return document.toString({ lineWidth, flowCollectionPadding: true });
}

function herdOf({ topology, spread, limits, pace }: ScenarioHerd): object {
  const talks: Record<string, ServerId[]> = {};
  for (const [server, neighbours] of topology) {
    const later = neighbours.filter((neighbour) => server < neighbour);
    if (later.length > 0) talks[server] = later;
  }
  return {
    servers: [...topology.keys()],
    ...(spread === 'flood' ? { talks } : { spread: { kind: spread } }),
    limits: limitsOf(limits),
    links: { beatMs: pace.beatMs, repairSeconds: pace.repairMs / 1_000 },
  };
}

/** Those that are not what they are by default, in the words of herd.yaml. */
function limitsOf(limits: Limits): Record<string, number> {
  const written: Record<string, number> = {};
  for (const [name, value] of Object.entries(limits) as [keyof Limits, number][]) {
    if (value === defaultLimits[name]) continue;
    if (name === 'stallMs' || name === 'idleMs' || name === 'aheadMs') {
      written[name.replace('Ms', 'Seconds')] = value / 1_000;
    } else written[name] = value;
  }
  return written;
}

function actionOf(action: Action): object {
  switch (action.kind) {
    case 'crash':
      return { crash: serversOf(action.servers), ...(action.memory === 'on disk' ? { keep: 'disk' } : {}) };
    case 'restart':
    case 'pause':
    case 'resume':
      return { [action.kind]: serversOf(action.servers) };
    case 'cut':
    case 'stall': {
      const { edge, beside } = edgeOf(action.edges);
      return { [action.kind]: edge, ...beside };
    }
    case 'slow': {
      const { edge, beside } = edgeOf(action.edges);
      const { delay, bytesPerSecond, loss } = action.conditions;
      const conditions = {
        ...(delay === undefined ? {} : { delay: rangeText(delay) }),
        ...(bytesPerSecond === undefined ? {} : { bandwidth: bandwidthText(bytesPerSecond) }),
        ...(loss === undefined ? {} : { loss: percentText(loss) }),
      };
      return { slow: { edge, ...conditions }, ...beside };
    }
    case 'partition':
      return { partition: action.groups };
    case 'heal':
      return { heal: typeof action.what === 'string' ? action.what : edgeOf(action.what).edge };
    case 'clock': {
      const { server, jumpMs, drift } = action;
      const jump = jumpMs === 0 ? {} : { jump: durationText(jumpMs) };
      return { clock: { server, ...jump, ...(drift === undefined ? {} : { drift: percentText(drift) }) } };
    }
    case 'phone':
      return { phone: { client: textOf(action.client), clock: durationText(action.clockMs) } };
    case 'upstream':
      return { upstream: action.state };
    case 'engine':
      return { engine: action.change };
    case 'report': {
      const { server, client, position } = action;
      return { report: { server, client: textOf(client), position } };
    }
    case 'ask': {
      const { server, client, radiusKm, count } = action;
      return { ask: { server, client: textOf(client), radius: radiusKm, count } };
    }
    case 'expect': {
      const { that } = action;
      if (that.kind === 'converged') return { expect: 'converged' };
      if (that.kind === 'linked') return { expect: { linked: that.server } };
      const { server, client, position = 'none' } = that;
      return { expect: { server, client: textOf(client), position } };
    }
  }
}

function serversOf(servers: readonly ServerId[]): ServerId | readonly ServerId[] {
  const [first] = servers;
  return servers.length === 1 && first !== undefined ? first : servers;
}

/** Edges as they are read: both ways of a pair or one of them, or all ways of one server or of the engine. */
function edgeOf(edges: readonly Edge[]): { edge: string | string[]; beside: { oneway?: true } } {
  const [first, second] = edges;
  if (first === undefined) throw new Error('there is no way to write no edge');
  const { from, to } = first;
  if (second === undefined) return { edge: [from, to], beside: { oneway: true } };
  const isOneway = second.from === from;
  if (edges.length === 2 && !isOneway) return { edge: [from, to], beside: {} };
  return { edge: from, beside: isOneway ? { oneway: true } : {} };
}
