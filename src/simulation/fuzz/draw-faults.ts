import type { ServerId } from '../../protocol/place/ids.js';
import type { Topology } from '../../protocol/place/topology.js';
import type { Edge, FaultAction } from '../scenario/scenario.js';
import type { SeededRandom } from '../time/seeded-random.js';
import type { GeneratedStep } from './generated-scenario.js';

/** Where faults are injected. */
export interface FaultContext {
  readonly servers: readonly ServerId[];
  /** Links between servers, or between servers and broker nodes. */
  readonly links: Topology;
  /** Nodes of the broker; none in a herd that floods. */
  readonly brokerNodes: readonly ServerId[];
  readonly endMs: number;
  /** Heartbeat interval, in milliseconds. Fault durations are drawn around it. */
  readonly heartbeatMs: number;
}

/** A fault and its repair; undefined if it is repaired at the end of the run. */
interface FaultEpisode {
  readonly fault: FaultAction;
  readonly repair: FaultAction | undefined;
  /** Minimum duration in milliseconds, for faults that do not depend on the heartbeat. */
  readonly minDurationMs?: number;
}

type DrawEpisode = (random: SeededRandom, ground: FaultContext) => FaultEpisode;

/** Kinds of faults. */
const faultKinds: Readonly<Record<string, DrawEpisode>> = {
  crash: (random, ground) => {
    const servers = drawServers(random, ground);
    return { fault: { kind: 'crash', servers, memory: 'lost' }, repair: { kind: 'restart', servers } };
  },
  'crash, keep: disk': (random, ground) => {
    const servers = drawServers(random, ground);
    return { fault: { kind: 'crash', servers, memory: 'on disk' }, repair: { kind: 'restart', servers } };
  },
  pause: (random, ground) => {
    const servers = drawServers(random, ground);
    return { fault: { kind: 'pause', servers }, repair: { kind: 'resume', servers } };
  },
  cut: (random, { links }) => {
    const edges = drawEdges(random, links);
    return { fault: { kind: 'cut', edges }, repair: healAction(edges) };
  },
  'cut, oneway': (random, { links }) => {
    const edges = [drawEdge(random, links)];
    return { fault: { kind: 'cut', edges }, repair: healAction(edges) };
  },
  stall: (random, { links }) => {
    const edges = random.happens(0.5) ? [drawEdge(random, links)] : bothDirections(drawEdge(random, links));
    return { fault: { kind: 'stall', edges }, repair: healAction(edges) };
  },
  slow: (random, { links }) => {
    const edges = drawEdges(random, links);
    const delayMs = random.pick([100, 300, 1_000, 3_000]);
    const conditions = random.pick([
      { delay: { minMs: Math.round(delayMs / 4), maxMs: delayMs } },
      { bytesPerSecond: random.pick([500, 2_000, 10_000]) },
      { loss: random.pick([0.05, 0.2, 0.6]) },
    ]);
    return { fault: { kind: 'slow', edges, conditions }, repair: healAction(edges) };
  },
  partition: (random, { links }) => {
    const parties = [...links.keys()];
    const count = random.happens(0.8) ? 2 : 3;
    const groups: ServerId[][] = Array.from({ length: count }, () => []);
    for (const party of parties) random.pick(groups).push(party);
    const filled = groups.filter((group) => group.length > 0);
    const [first, ...rest] = parties;
    const parts = filled.length > 1 || first === undefined ? filled : [[first], rest];
    return { fault: { kind: 'partition', groups: parts }, repair: { kind: 'heal', what: 'partition' } };
  },
  'clock, jump': (random, { servers }) => {
    const jumpMs = random.pick([-86_400_000, -3_600_000, -1_500, 250, 5_000, 7_200_000]);
    const server = random.pick(servers);
    return { fault: { kind: 'clock', server, jumpMs, drift: undefined }, repair: undefined };
  },
  'clock, drift': (random, { servers }) => {
    const server = random.pick(servers);
    const drift = random.pick([-0.5, -0.1, 0.02, 0.3, 1]);
    return {
      fault: { kind: 'clock', server, jumpMs: 0, drift },
      repair: { kind: 'clock', server, jumpMs: 0, drift: 0 },
    };
  },
  upstream: (random) => ({
    fault: { kind: 'upstream', state: random.pick(['down', 'slow', 'garbage'] as const) },
    repair: { kind: 'upstream', state: 'up' },
  }),
};

/** Additional kinds of faults, and changes of the members, for herds on NATS. */
const natsFaultKinds: Readonly<Record<string, DrawEpisode>> = {
  join: (random, { servers }) => ({
    fault: { kind: 'join', servers: [random.pick(servers)] },
    repair: undefined,
  }),
  leave: (random, ground) => {
    const servers = drawServers(random, ground);
    return {
      fault: { kind: 'leave', servers },
      repair: random.happens(0.6) ? { kind: 'join', servers } : undefined,
      minDurationMs: minAbsenceMs,
    };
  },
  'broker: down': (random, { brokerNodes }) => {
    const nodes = random.happens(0.5) ? brokerNodes : [random.pick(brokerNodes)];
    return { fault: { kind: 'broker', nodes, state: 'down' }, repair: { kind: 'broker', nodes, state: 'up' } };
  },
};

/** Time from when a server begins to leave until it joins again, in milliseconds: it hands over its partitions meanwhile. */
const minAbsenceMs = 1_000;

/** Draws the faults of a run, ordered by time. Each run uses only some of the kinds, since all at once mask each other. */
export function drawFaults(random: SeededRandom, context: FaultContext): GeneratedStep[] {
  const isOnNats = context.brokerNodes.length > 0;
  const enabled = Object.values(isOnNats ? { ...faultKinds, ...natsFaultKinds } : faultKinds).filter(() =>
    random.happens(0.35),
  );
  const count = enabled.length === 0 ? 0 : 1 + random.below(random.pick([3, 6, 14]));
  const steps: GeneratedStep[] = [];
  for (let index = 0; index < count; index += 1) {
    const { fault, repair, minDurationMs = 0 } = random.pick(enabled)(random, context);
    const atMs = random.below(context.endMs);
    const repairedMs = atMs + Math.max(minDurationMs, drawDurationMs(random, context));
    steps.push({ atMs, action: fault });
    if (repair !== undefined && repairedMs < context.endMs) steps.push({ atMs: repairedMs, action: repair });
  }
  return steps.sort((a, b) => a.atMs - b.atMs);
}

/** Draws a rolling restart: one server after the other leaves and joins again. */
export function drawRollingRestart(random: SeededRandom, { servers, endMs }: FaultContext): GeneratedStep[] {
  const intervalMs = random.pick([1_500, 3_000, 7_000]);
  const startMs = random.below(Math.ceil(endMs / 2));
  return servers.flatMap((server, index): GeneratedStep[] => {
    const atMs = startMs + index * intervalMs;
    if (atMs + intervalMs >= endMs) return [];
    return [
      { atMs, action: { kind: 'leave', servers: [server] } },
      { atMs: atMs + intervalMs - 1, action: { kind: 'join', servers: [server] } },
    ];
  });
}

/** Draws a duration from far below to several times the heartbeat interval, since behaviour differs at each scale. */
function drawDurationMs(random: SeededRandom, { heartbeatMs }: FaultContext): number {
  return Math.ceil(heartbeatMs * 10 ** random.between(-2, 1));
}

/** Draws one server in most cases, sometimes several or all. */
function drawServers(random: SeededRandom, { servers }: FaultContext): ServerId[] {
  if (random.happens(0.75)) return [random.pick(servers)];
  const chosen = servers.filter(() => random.happens(0.6));
  return chosen.length === 0 ? [...servers] : chosen;
}

/** Draws one direction of a link. */
function drawEdge(random: SeededRandom, links: Topology): Edge {
  const from = random.pick([...links.keys()]);
  return { from, to: random.pick(links.get(from) ?? []) };
}

function bothDirections({ from, to }: Edge): Edge[] {
  return [
    { from, to },
    { from: to, to: from },
  ];
}

/** Draws both directions of one link, or all links of a server. */
function drawEdges(random: SeededRandom, links: Topology): Edge[] {
  const edge = drawEdge(random, links);
  if (random.happens(0.7)) return bothDirections(edge);
  return (links.get(edge.from) ?? []).flatMap((to) => bothDirections({ from: edge.from, to }));
}

/** Returns the repair: of one link, or of the whole network if all links of a server are affected. */
function healAction(edges: readonly Edge[]): FaultAction {
  const [first] = edges;
  const isSinglePair = first !== undefined && edges.every(({ from, to }) => from === first.from || to === first.from);
  return isSinglePair && edges.length <= 2
    ? { kind: 'heal', what: bothDirections(first) }
    : { kind: 'heal', what: 'all' };
}
