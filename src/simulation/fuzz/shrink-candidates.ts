import { defaultLimits, type Limits } from '../../actors/ports/limits.js';
import type { ServerId } from '../../protocol/place/ids.js';
import { partsOf, topologyOf, type Topology } from '../../protocol/place/topology.js';
import { defaultBufferBytes } from '../network/path.js';
import type { Edge } from '../scenario/scenario.js';
import { engine, waysOf } from '../scenario/links-in.js';
import type { Draft, DraftStep } from './generated-scenario.js';

/** The shortest time before everything is mended, in milliseconds. */
const endMinMs = 1_000;

/** Drafts that lack something of this one, those that lack most first. */
export function* smallerDrafts(draft: Draft): Generator<Draft> {
  yield* withFewerSteps(draft);
  yield* withFewerServers(draft);
  yield* withFewerEdges(draft);
  yield* withFewerClients(draft);
  yield* withPlainerNetwork(draft);
  yield* withPlainerLimits(draft);
  yield* withLessTime(draft);
}

/** Without all steps, without each half, each quarter, and so on to each one. */
function* withFewerSteps(draft: Draft): Generator<Draft> {
  const { steps } = draft;
  for (let size = steps.length; size >= 1; size = Math.floor(size / 2)) {
    for (let start = 0; start < steps.length; start += size) {
      yield { ...draft, steps: [...steps.slice(0, start), ...steps.slice(start + size)] };
    }
  }
}

function* withFewerServers(draft: Draft): Generator<Draft> {
  const { topology } = draft.herd;
  if (topology.size <= 2) return;
  for (const server of topology.keys()) {
    const left = [...topology.keys()].filter((other) => other !== server);
    const edges = edgesOf(topology).filter((edge) => !edge.includes(server));
    yield* withTopology(draft, topologyOf(left, edges));
  }
}

function* withFewerEdges(draft: Draft): Generator<Draft> {
  const { topology } = draft.herd;
  const edges = edgesOf(topology);
  for (const without of edges) {
    yield* withTopology(
      draft,
      topologyOf(
        topology.keys(),
        edges.filter((edge) => edge !== without),
      ),
    );
  }
}

/** In a herd that is connected still, with what is left of the steps. */
function* withTopology(draft: Draft, topology: Topology): Generator<Draft> {
  const herd = { ...draft.herd, topology };
  const ways = waysOf(herd);
  if (partsOf(ways).length > 1) return;
  const steps = draft.steps.flatMap(({ atMs, action }): DraftStep[] => {
    const left = actionIn(ways, action);
    return left === undefined ? [] : [{ atMs, action: left }];
  });
  yield { ...draft, herd, steps };
}

/** What is left of an action in a herd that has but these ways; undefined if nothing is. */
function actionIn(ways: Topology, action: DraftStep['action']): DraftStep['action'] | undefined {
  const has = (server: ServerId) => ways.has(server);
  const edgesIn = (edges: readonly Edge[]) => edges.filter(({ from, to }) => ways.get(from)?.includes(to) === true);
  switch (action.kind) {
    case 'crash':
    case 'restart':
    case 'pause':
    case 'resume': {
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
      const lacksEngine = ways.has(engine) && !groups.flat().includes(engine);
      return groups.length < 2 || lacksEngine ? undefined : { ...action, groups };
    }
    case 'clock':
      return has(action.server) ? action : undefined;
    case 'phone':
    case 'upstream':
    case 'engine':
      return action;
  }
}

function edgesOf(topology: Topology): (readonly [ServerId, ServerId])[] {
  return [...topology].flatMap(([one, others]) =>
    others.filter((other) => one < other).map((other) => [one, other] as const),
  );
}

function* withFewerClients(draft: Draft): Generator<Draft> {
  const { clients } = draft;
  const { count, perSecond } = clients;
  const change = (changed: Partial<Draft['clients']>): Draft => ({ ...draft, clients: { ...clients, ...changed } });
  if (clients.asks > 0) yield change({ asks: 0 });
  if (clients.checks > 0) yield change({ checks: 0 });
  if (clients.moves > 0) yield change({ moves: 0 });
  if (clients.late > 0) yield change({ late: 0 });
  if (clients.clockSkewMs > 0) yield change({ clockSkewMs: 0 });
  if (count > 1) yield change({ count: 1 });
  if (count > 1) yield change({ count: Math.floor(count / 2) });
  if (perSecond > 1) yield change({ perSecond: 1 });
  if (perSecond > 1) yield change({ perSecond: Math.floor(perSecond / 2) });
}

function* withPlainerNetwork(draft: Draft): Generator<Draft> {
  const { network } = draft;
  const change = (changed: Partial<Draft['network']>): Draft => ({ ...draft, network: { ...network, ...changed } });
  const { leastMs, mostMs } = network.delay;
  if (network.duplicate > 0) yield change({ duplicate: 0 });
  if (network.bytesPerSecond !== Infinity) yield change({ bytesPerSecond: Infinity });
  if (network.bufferBytes !== defaultBufferBytes) yield change({ bufferBytes: defaultBufferBytes });
  if (leastMs !== mostMs) yield change({ delay: { leastMs: mostMs, mostMs } });
}

function* withPlainerLimits(draft: Draft): Generator<Draft> {
  const { limits } = draft.herd;
  for (const name of Object.keys(limits) as (keyof Limits)[]) {
    if (limits[name] === defaultLimits[name]) continue;
    yield { ...draft, herd: { ...draft.herd, limits: { ...limits, [name]: defaultLimits[name] } } };
  }
}

/** Ends sooner, begins later, or goes at twice the pace. */
function* withLessTime(draft: Draft): Generator<Draft> {
  const { steps, endMs } = draft;
  const firstMs = steps[0]?.atMs ?? endMs;
  const lastMs = steps.at(-1)?.atMs ?? 0;
  const moved = (to: (ms: number) => number, newEndMs: number): Draft => ({
    ...draft,
    steps: steps.map(({ atMs, action }) => ({ atMs: to(atMs), action })),
    endMs: newEndMs,
  });
  const soonMs = Math.max(endMinMs, lastMs + 1);
  if (soonMs < endMs) yield moved((ms) => ms, soonMs);
  const halfwayMs = Math.ceil((soonMs + endMs) / 2);
  if (halfwayMs < endMs) yield moved((ms) => ms, halfwayMs);
  const idleMs = firstMs - endMinMs / 2;
  if (idleMs > 0 && endMs - idleMs >= endMinMs) yield moved((ms) => ms - idleMs, endMs - idleMs);
  if (endMs >= 2 * endMinMs) yield moved((ms) => Math.floor(ms / 2), Math.ceil(endMs / 2));
}
