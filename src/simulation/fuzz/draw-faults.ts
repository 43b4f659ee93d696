import type { ServerId } from '../../protocol/place/ids.js';
import type { Topology } from '../../protocol/place/topology.js';
import type { Edge, FaultAction, ScenarioHerd } from '../scenario/scenario.js';
import type { SeededRandom } from '../time/seeded-random.js';
import type { DraftStep } from './generated-scenario.js';

/** Where faults happen. */
export interface FaultGround {
  readonly servers: readonly ServerId[];
  /** Between servers that talk, or between each of them and the engine. */
  readonly ways: Topology;
  readonly spread: ScenarioHerd['spread'];
  readonly endMs: number;
  /** Milliseconds between two signs of life of a link: how long faults last is drawn around it. */
  readonly beatMs: number;
}

/** A fault, and what mends it; undefined for what is mended at the end. */
interface Episode {
  readonly breaks: FaultAction;
  readonly mends: FaultAction | undefined;
  /** How long it lasts at least, in milliseconds, where it has nothing to do with signs of life. */
  readonly leastMs?: number;
}

type Drawing = (random: SeededRandom, ground: FaultGround) => Episode;

/** The kinds of faults that a run may use. */
const kinds: Readonly<Record<string, Drawing>> = {
  crash: (random, ground) => {
    const servers = someServers(random, ground);
    return { breaks: { kind: 'crash', servers, memory: 'lost' }, mends: { kind: 'restart', servers } };
  },
  'crash, keep: disk': (random, ground) => {
    const servers = someServers(random, ground);
    return { breaks: { kind: 'crash', servers, memory: 'on disk' }, mends: { kind: 'restart', servers } };
  },
  pause: (random, ground) => {
    const servers = someServers(random, ground);
    return { breaks: { kind: 'pause', servers }, mends: { kind: 'resume', servers } };
  },
  cut: (random, { ways }) => {
    const edges = someEdges(random, ways);
    return { breaks: { kind: 'cut', edges }, mends: healing(edges) };
  },
  'cut, oneway': (random, { ways }) => {
    const edges = [oneEdge(random, ways)];
    return { breaks: { kind: 'cut', edges }, mends: healing(edges) };
  },
  stall: (random, { ways }) => {
    const edges = random.happens(0.5) ? [oneEdge(random, ways)] : bothWays(oneEdge(random, ways));
    return { breaks: { kind: 'stall', edges }, mends: healing(edges) };
  },
  slow: (random, { ways }) => {
    const edges = someEdges(random, ways);
    const delayMs = random.pick([100, 300, 1_000, 3_000]);
    const conditions = random.pick([
      { delay: { leastMs: Math.round(delayMs / 4), mostMs: delayMs } },
      { bytesPerSecond: random.pick([500, 2_000, 10_000]) },
      { loss: random.pick([0.05, 0.2, 0.6]) },
    ]);
    return { breaks: { kind: 'slow', edges, conditions }, mends: healing(edges) };
  },
  partition: (random, { ways }) => {
    const parties = [...ways.keys()];
    const count = random.happens(0.8) ? 2 : 3;
    const groups: ServerId[][] = Array.from({ length: count }, () => []);
    for (const party of parties) random.pick(groups).push(party);
    const filled = groups.filter((group) => group.length > 0);
    const [first, ...rest] = parties;
    const parts = filled.length > 1 || first === undefined ? filled : [[first], rest];
    return { breaks: { kind: 'partition', groups: parts }, mends: { kind: 'heal', what: 'partition' } };
  },
  'clock, jump': (random, { servers }) => {
    const jumpMs = random.pick([-86_400_000, -3_600_000, -1_500, 250, 5_000, 7_200_000]);
    const server = random.pick(servers);
    return { breaks: { kind: 'clock', server, jumpMs, drift: undefined }, mends: undefined };
  },
  'clock, drift': (random, { servers }) => {
    const server = random.pick(servers);
    const drift = random.pick([-0.5, -0.1, 0.02, 0.3, 1]);
    return {
      breaks: { kind: 'clock', server, jumpMs: 0, drift },
      mends: { kind: 'clock', server, jumpMs: 0, drift: 0 },
    };
  },
  upstream: (random) => ({
    breaks: { kind: 'upstream', state: random.pick(['down', 'slow', 'garbage'] as const) },
    mends: { kind: 'upstream', state: 'up' },
  }),
};

/** The kinds of faults that a run of a herd on NATS may use besides. */
const engineKinds: Readonly<Record<string, Drawing>> = {
  'engine: down': () => engineEpisode('down'),
  'engine: full': () => engineEpisode('full'),
  'engine: stale': () => ({ ...engineEpisode('stale'), leastMs: 2_000 }),
  'engine: wiped': () => ({ breaks: { kind: 'engine', change: 'wiped' }, mends: undefined }),
};

function engineEpisode(change: 'down' | 'full' | 'stale'): Episode {
  return { breaks: { kind: 'engine', change }, mends: { kind: 'engine', change: 'up' } };
}

/** The faults of a run, in the order of their times. Each run uses but some of the kinds: all at once hide each other. */
export function drawFaults(random: SeededRandom, ground: FaultGround): DraftStep[] {
  const used = Object.values(ground.spread === 'nats' ? { ...kinds, ...engineKinds } : kinds).filter(() =>
    random.happens(0.35),
  );
  const count = used.length === 0 ? 0 : 1 + random.below(random.pick([3, 6, 14]));
  const steps: DraftStep[] = [];
  for (let index = 0; index < count; index += 1) {
    const { breaks, mends, leastMs = 0 } = random.pick(used)(random, ground);
    const atMs = random.below(ground.endMs);
    const mendedMs = atMs + Math.max(leastMs, lasting(random, ground));
    steps.push({ atMs, action: breaks });
    if (mends !== undefined && mendedMs < ground.endMs) steps.push({ atMs: mendedMs, action: mends });
  }
  return steps.sort((a, b) => a.atMs - b.atMs);
}

/** From far less than a sign of life to several of them: what matters happens at all scales. */
function lasting(random: SeededRandom, { beatMs }: FaultGround): number {
  return Math.ceil(beatMs * 10 ** random.between(-2, 1));
}

/** One server most of the time, several or all of them now and then. */
function someServers(random: SeededRandom, { servers }: FaultGround): ServerId[] {
  if (random.happens(0.75)) return [random.pick(servers)];
  const some = servers.filter(() => random.happens(0.6));
  return some.length === 0 ? [...servers] : some;
}

/** One way from a server to a neighbour, or to the engine, or back. */
function oneEdge(random: SeededRandom, ways: Topology): Edge {
  const from = random.pick([...ways.keys()]);
  return { from, to: random.pick(ways.get(from) ?? []) };
}

function bothWays({ from, to }: Edge): Edge[] {
  return [
    { from, to },
    { from: to, to: from },
  ];
}

/** Both ways of one edge, or all ways of a server. */
function someEdges(random: SeededRandom, ways: Topology): Edge[] {
  const edge = oneEdge(random, ways);
  if (random.happens(0.7)) return bothWays(edge);
  return (ways.get(edge.from) ?? []).flatMap((to) => bothWays({ from: edge.from, to }));
}

/** One edge is healed by itself, all edges of a server with the rest of the network. */
function healing(edges: readonly Edge[]): FaultAction {
  const [first] = edges;
  const isOne = first !== undefined && edges.every(({ from, to }) => from === first.from || to === first.from);
  return isOne && edges.length <= 2 ? { kind: 'heal', what: bothWays(first) } : { kind: 'heal', what: 'all' };
}
