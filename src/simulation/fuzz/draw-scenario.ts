import { defaultLimits, type Limits, type LinkTimings } from '../../actors/ports/limits.js';
import { bytesOf } from '../../protocol/text/bytes.js';
import { asClientId, asServerId, type ServerId } from '../../protocol/place/ids.js';
import { buildTopology, type Topology } from '../../protocol/place/topology.js';
import { defaultBufferBytes, type NetworkConditions } from '../network/path.js';
import { natsSettleMs } from '../run/nats-settle-time.js';
import type { ClientWorkload } from '../scenario/scenario.js';
import { brokerNodesIn, linksIn } from '../scenario/links-in.js';
import { SeededRandom } from '../time/seeded-random.js';
import { repairSteps, type GeneratedScenario, type GeneratedStep } from './generated-scenario.js';
import { drawFaults, drawRollingRestart } from './draw-faults.js';

/** Server names, in sort order. */
const names = [
  'Alford',
  'Blake',
  'Bolden',
  'Bryant',
  'Farmer',
  'Gasol',
  'Hamilton',
  'Hill',
  'Howard',
  'Metta',
  'Parker',
  'Young',
] as const;

/** Share of herds that replicate through NATS. */
const natsProbability = 0.35;

/** Probability that a client of a herd that floods changes its server before a command. */
const moveProbability = 0.01;

/** When the workload ends and all faults are repaired, in milliseconds; the settling time follows. */
const endRangeMs = { least: 6_000, most: 18_000 } as const;

/** Draws a random scenario: herd, workload, network and faults. Equal for equal seed and version. */
export function drawScenario(seed: number): GeneratedScenario {
  const random = new SeededRandom(String(seed), 'fuzz');
  return random.stream('spread').happens(natsProbability)
    ? drawNatsScenario(seed, random)
    : drawFloodScenario(seed, random);
}

function drawFloodScenario(seed: number, random: SeededRandom): GeneratedScenario {
  const topology = drawTopology(random.stream('topology'));
  const linkTimings = drawLinkTimings(random.stream('pace'));
  const faultContext = {
    servers: [...topology.keys()],
    links: topology,
    brokerNodes: [],
    heartbeatMs: linkTimings.heartbeatMs,
    endMs: Math.round(random.between(endRangeMs.least, endRangeMs.most)),
  };
  const clients = {
    ...drawClients(random.stream('clients'), topology.size),
    moveProbability,
    checkProbability: random.stream('checks').pick([0, 0, 0.1, 0.5]),
  };
  return {
    name: `fuzz ${seed}`,
    seed,
    herd: {
      name: 'simulated',
      topology,
      replication: { kind: 'flood' },
      limits: drawLimits(random.stream('limits')),
      linkTimings,
      file: undefined,
    },
    network: widenBuffers(drawNetwork(random.stream('network'), linkTimings), clients),
    clients,
    ...drawPhones(random.stream('phones'), clients.count, {
      steps: drawFaults(random.stream('faults'), faultContext),
      endMs: faultContext.endMs,
    }),
  };
}

/** Draws a herd on NATS, in which partitions move often: it has short heartbeats, and members join and leave. */
function drawNatsScenario(seed: number, random: SeededRandom): GeneratedScenario {
  const membership = random.stream('members');
  const topology = buildTopology(names.slice(0, 3 + membership.below(names.length - 2)).map(toServerId), []);
  const replication = {
    kind: 'nats',
    replicas: membership.pick([1, 2, 2, 3, 3, 4, Infinity]),
    brokers: membership.pick([1, 3]),
  } as const;
  const linkTimings = {
    heartbeatMs: membership.pick([250, 250, 500, 1_000]),
    antiEntropyMs: membership.pick([1_000, 2_000, 5_000]),
  };
  const herd = {
    name: 'simulated',
    topology,
    replication,
    limits: drawLimits(random.stream('limits')),
    linkTimings,
    file: undefined,
  };
  const network = shortenDelays(drawNetwork(random.stream('network'), linkTimings), linkTimings);
  const requests = random.stream('requests');
  const clients = {
    ...drawClients(random.stream('clients'), topology.size),
    queryProbability: requests.pick([0, 0.05, 0.3, 0.5]),
    moveProbability: requests.pick([0.01, 0.1, 0.5]),
    checkProbability: requests.pick([0, 0.1, 0.5]),
  };
  const endMs = Math.round(random.between(endRangeMs.least, endRangeMs.most));
  const context = {
    servers: [...topology.keys()],
    links: linksIn(herd),
    brokerNodes: brokerNodesIn(herd),
    heartbeatMs: linkTimings.heartbeatMs,
    endMs,
  };
  const faults = drawFaults(random.stream('faults'), context);
  const restarts = membership.happens(0.15) ? drawRollingRestart(random.stream('restarts'), context) : [];
  // Some clients are served for a while after everything has settled.
  const calmMs = membership.happens(0.3) ? Math.ceil(natsSettleMs({ herd, network })) + endRangeMs.least : 0;
  const steps = [...faults, ...restarts].sort((a, b) => a.atMs - b.atMs);
  const calmStart: GeneratedStep[] = calmMs === 0 ? [] : repairSteps(steps, endMs);
  return {
    name: `fuzz ${seed}`,
    seed,
    herd,
    network,
    clients,
    ...drawPhones(random.stream('phones'), clients.count, {
      steps: [...steps, ...calmStart],
      endMs: endMs + calmMs,
    }),
  };
}

/** Draws a spanning tree plus up to as many extra edges, so the graph is connected. */
function drawTopology(random: SeededRandom): Topology {
  const servers = names.slice(0, 2 + random.below(names.length - 1)).map(toServerId);
  const edges: [ServerId, ServerId][] = [];
  const shape = random.pick(['chain', 'star', 'any'] as const);
  for (const [index, server] of servers.entries()) {
    if (index === 0) continue;
    const before = { chain: index - 1, star: 0, any: random.below(index) }[shape];
    edges.push([servers[before] ?? server, server]);
  }
  for (let more = random.below(servers.length); more > 0; more -= 1) {
    const [one, other] = [random.pick(servers), random.pick(servers)];
    if (one !== other) edges.push(one < other ? [one, other] : [other, one]);
  }
  // In the order of a scenario file: by the server that sorts first.
  edges.sort(([a, x], [b, y]) => servers.indexOf(a) - servers.indexOf(b) || servers.indexOf(x) - servers.indexOf(y));
  return buildTopology(servers, edges);
}

function drawLinkTimings(random: SeededRandom): LinkTimings {
  return { heartbeatMs: random.pick([250, 500, 1_000, 2_000]), antiEntropyMs: random.pick([1, 2, 5, 30]) * 1_000 };
}

/** Draws limits: the defaults in most runs, otherwise one that is soon reached. */
function drawLimits(random: SeededRandom): Limits {
  const tightLimits: Partial<Limits>[] = [
    { maxClients: random.pick([1, 5, 20, 80]) },
    { maxConnections: random.pick([1, 3, 10]) },
    { maxCommandsPerSecond: random.pick([1, 5]) },
    { maxPendingResponses: 1 },
    { maxLookupsPerSecond: 1, lookupTimeoutMs: random.pick([20, 1_000]) },
    { maxFutureSkewMs: random.pick([0, 1_000]) },
    { idleTimeoutMs: 1_000 },
    // About four dozen clients.
    { maxStoreBytes: 16_384 },
    { maxPendingQueries: 1 },
    // About ten clients.
    { maxPeerOutputBufferBytes: 4_096 },
  ];
  return Object.assign({ ...defaultLimits }, ...tightLimits.filter(() => random.happens(0.07))) as Limits;
}

function drawNetwork(random: SeededRandom, { heartbeatMs }: LinkTimings): NetworkConditions {
  const minMs = random.pick([0, 1, 5, 30]);
  // Jitter close to the heartbeat timeout would be a fault by itself.
  const jitterMs = Math.min(heartbeatMs / 2, random.pick([0, 1, 30, 150, 400]));
  return {
    delay: { minMs, maxMs: minMs + jitterMs },
    loss: 0,
    duplicate: random.happens(0.1) ? 0.05 : 0,
    bytesPerSecond: random.happens(0.1) ? 2_000_000 : Infinity,
    bufferBytes: random.happens(0.3) ? random.pick([500, 4_000, 16_000]) : defaultBufferBytes,
  };
}

/**
 * Bounds delays to what a herd on NATS can work with: a request between servers and its response make six trips, which must take
 * less than two heartbeats. Buffers are large, since a node of the broker closes connections whose buffers are full.
 */
function shortenDelays(network: NetworkConditions, { heartbeatMs }: LinkTimings): NetworkConditions {
  const { minMs, maxMs } = network.delay;
  const delay = { minMs: Math.min(minMs, heartbeatMs / 16), maxMs: Math.min(maxMs, heartbeatMs / 8) };
  return { ...network, delay, bufferBytes: defaultBufferBytes };
}

/** Bytes of a report on a link, with its share of comparisons and repairs. */
const bytesPerReport = 250;

/** Enlarges buffers so that they can carry the workload: a link that never can is not a fault of the herd. */
function widenBuffers(network: NetworkConditions, { commandsPerSecond }: ClientWorkload): NetworkConditions {
  // Buffered data passes a connection once per round trip.
  const roundTripSeconds = (2 * network.delay.maxMs) / 1_000;
  const minBufferBytes = Math.ceil(commandsPerSecond * bytesPerReport * roundTripSeconds);
  return { ...network, bufferBytes: Math.max(network.bufferBytes, minBufferBytes) };
}

function drawClients(
  random: SeededRandom,
  servers: number,
): Omit<ClientWorkload, 'moveProbability' | 'checkProbability'> {
  // Many clients fill more than one catch-up page. Large herds get fewer clients, since each server receives everything.
  const isCrowd = random.happens(0.03);
  const commandsPerSecond = isCrowd ? 150 : Math.ceil((random.pick([2, 10, 30]) * 5) / servers);
  return {
    count: isCrowd ? 1_500 : random.pick([1, 3, 10, 40, 150]),
    commandsPerSecond,
    clockSkewMs: random.pick([0, 50, 5_000, 60_000]),
    lateProbability: random.happens(0.4) ? random.pick([0.05, 0.3]) : 0,
    queryProbability: random.happens(0.5) ? random.pick([0.05, 0.3]) : 0,
  };
}

/** How long a future time counts after the clock was corrected, plus a margin, in milliseconds. */
const futureEffectMs = 65_000;

/** In some runs a phone's clock is far ahead for a while; some of these run until its reports must win again. */
function drawPhones(
  random: SeededRandom,
  count: number,
  { steps, endMs }: Pick<GeneratedScenario, 'steps' | 'endMs'>,
): Pick<GeneratedScenario, 'steps' | 'endMs'> {
  if (!random.happens(0.15)) return { steps, endMs };
  const client = asClientId(bytesOf(`phone-${1 + random.below(count)}`));
  const aheadMs = random.below(Math.ceil(endMs / 2));
  const rightMs = aheadMs + 1 + random.below(Math.floor(endMs / 2) - 1);
  const clockMs = random.pick([90_000, 3_600_000, 79_200_000]);
  const phones: GeneratedStep[] = [
    { atMs: aheadMs, action: { kind: 'phone', client, clockMs } },
    { atMs: rightMs, action: { kind: 'phone', client, clockMs: 0 } },
  ];
  return {
    steps: [...steps, ...phones].sort((a, b) => a.atMs - b.atMs),
    endMs: random.happens(0.3) ? endMs + futureEffectMs : endMs,
  };
}

function toServerId(name: string): ServerId {
  const id = asServerId(name);
  if (id === undefined) throw new Error(`${name} cannot be the name of a server`);
  return id;
}
