import { defaultLimits, type Limits, type LinkTimings } from '../../actors/ports/limits.js';
import { bytesOf } from '../../protocol/text/bytes.js';
import { asClientId, asServerId, type ServerId } from '../../protocol/place/ids.js';
import { buildTopology, type Topology } from '../../protocol/place/topology.js';
import { defaultBufferBytes, type NetworkConditions } from '../network/path.js';
import type { ClientWorkload } from '../scenario/scenario.js';
import { linksIn } from '../scenario/links-in.js';
import { SeededRandom } from '../time/seeded-random.js';
import type { GeneratedScenario, GeneratedStep } from './generated-scenario.js';
import { drawFaults } from './draw-faults.js';

/** Names for servers, in the order in which they sort. */
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

/** How many of the herds spread by NATS. */
const natsProbability = 0.35;

/** How often clients go to another server as a rule. On NATS, those who do are written about by two servers at once. */
const defaultMoveProbability = 0.01;

/** When clients fall silent and everything is mended, in milliseconds: what follows is the time to settle. */
const endRangeMs = { least: 6_000, most: 18_000 } as const;

/** A random scenario: herd, workload, network and faults. The same for the same seed and version. */
export function drawScenario(seed: number): GeneratedScenario {
  const random = new SeededRandom(String(seed), 'fuzz');
  // A herd that is both, edges that flood and a bucket between sites, would be drawn here.
  const replication = random.stream('spread').happens(natsProbability) ? ('nats' as const) : ('flood' as const);
  const floodTopology = drawTopology(random.stream('topology'));
  const topology = replication === 'nats' ? buildTopology(floodTopology.keys(), []) : floodTopology;
  const linkTimings = drawLinkTimings(random.stream('pace'));
  const faultContext = {
    servers: [...topology.keys()],
    links: linksIn({ topology, replication }),
    replication,
    heartbeatMs: linkTimings.heartbeatMs,
    endMs: Math.round(random.between(endRangeMs.least, endRangeMs.most)),
  };
  const clients = {
    ...drawClients(random.stream('clients'), topology.size),
    moveProbability: replication === 'nats' ? random.stream('moves').pick([0.01, 0.1, 0.5]) : defaultMoveProbability,
    checkProbability: replication === 'nats' ? 0 : random.stream('checks').pick([0, 0, 0.1, 0.5]),
  };
  return {
    name: `fuzz ${seed}`,
    seed,
    herd: {
      name: 'simulated',
      topology,
      replication,
      limits: drawLimits(random.stream('limits')),
      linkTimings,
      file: undefined,
    },
    network: widenBuffers(drawNetwork(random.stream('network'), linkTimings), clients),
    clients,
    ...drawPhones(
      random.stream('phones'),
      { count: clients.count, replication },
      {
        steps: drawFaults(random.stream('faults'), faultContext),
        endMs: faultContext.endMs,
      },
    ),
  };
}

/** A tree, so that all are connected, and some edges more: from none to as many as the tree has. */
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
  // As they stand in a file: by the server that sorts first.
  edges.sort(([a, x], [b, y]) => servers.indexOf(a) - servers.indexOf(b) || servers.indexOf(x) - servers.indexOf(y));
  return buildTopology(servers, edges);
}

function drawLinkTimings(random: SeededRandom): LinkTimings {
  return { heartbeatMs: random.pick([250, 500, 1_000, 2_000]), antiEntropyMs: random.pick([1, 2, 5, 30]) * 1_000 };
}

/** Most runs have the limits that herds have; some meet one that is soon reached. */
function drawLimits(random: SeededRandom): Limits {
  const tightLimits: Partial<Limits>[] = [
    { maxClients: random.pick([1, 5, 20, 80]) },
    { maxConnections: random.pick([1, 3, 10]) },
    { maxCommandsPerSecond: random.pick([1, 5]) },
    { maxPendingResponses: 1 },
    { maxLookupsPerSecond: 1, lookupTimeoutMs: random.pick([20, 1_000]) },
    { maxFutureSkewMs: random.pick([0, 1_000]) },
    { idleTimeoutMs: 1_000 },
    // Some four dozen clients.
    { maxStoreBytes: 16_384 },
    { maxPendingQueries: 1 },
    // Some ten clients.
    { maxPeerOutputBufferBytes: 4_096 },
  ];
  return Object.assign({ ...defaultLimits }, ...tightLimits.filter(() => random.happens(0.07))) as Limits;
}

function drawNetwork(random: SeededRandom, { heartbeatMs }: LinkTimings): NetworkConditions {
  const minMs = random.pick([0, 1, 5, 30]);
  // Jitter that comes near the time after which a silent neighbour is taken for dead would be a fault by itself.
  const jitterMs = Math.min(heartbeatMs / 2, random.pick([0, 1, 30, 150, 400]));
  return {
    delay: { minMs, maxMs: minMs + jitterMs },
    loss: 0,
    duplicate: random.happens(0.1) ? 0.05 : 0,
    bytesPerSecond: random.happens(0.1) ? 2_000_000 : Infinity,
    bufferBytes: random.happens(0.3) ? random.pick([500, 4_000, 16_000]) : defaultBufferBytes,
  };
}

/** Bytes that a report takes on a link, and what compares and repairs with it. */
const bytesPerReport = 250;

/** The same network, with buffers through which all that clients report can go: a link that never can is no fault of a herd. */
function widenBuffers(network: NetworkConditions, { commandsPerSecond }: ClientWorkload): NetworkConditions {
  // A buffer goes through a connection once in a round trip.
  const roundTripSeconds = (2 * network.delay.maxMs) / 1_000;
  const minBufferBytes = Math.ceil(commandsPerSecond * bytesPerReport * roundTripSeconds);
  return { ...network, bufferBytes: Math.max(network.bufferBytes, minBufferBytes) };
}

function drawClients(
  random: SeededRandom,
  servers: number,
): Omit<ClientWorkload, 'moveProbability' | 'checkProbability'> {
  // A crowd fills more than one page of a catch-up. Larger herds get less, for each server hears of everything.
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

/** How long a clock that was ahead counts after it was set right, and a little more, in milliseconds. */
const futureEffectMs = 65_000;

/** In some runs the clock of a phone is far ahead for a while; in some of these the run goes on until it must be believed again. */
function drawPhones(
  random: SeededRandom,
  { count, replication }: { readonly count: number; readonly replication: 'flood' | 'nats' },
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
    // A server that is cut off from its broker for so long takes longer to settle than runs allow for.
    endMs: replication === 'flood' && random.happens(0.3) ? endMs + futureEffectMs : endMs,
  };
}

function toServerId(name: string): ServerId {
  const id = asServerId(name);
  if (id === undefined) throw new Error(`${name} cannot be the name of a server`);
  return id;
}
