import type { Topology } from '../../protocol/place/topology.js';
import type { ServerId } from '../../protocol/place/ids.js';
import { minRetransmitMs } from '../network/path.js';
import type { Scenario } from '../scenario/scenario.js';

/** Consecutive retransmissions of a segment that the bound allows for on each hop. */
const maxRetransmissions = 2;

/**
 * Messages between servers that a location on NATS may have to wait for, in sequence. If its own is lost: hashes of partitions,
 * hashes of leaves, a page, the request for the next page, that page, and the confirmation.
 */
const natsMessages = 6;

/** Longest interval between two comparisons, as a multiple of the configured one. */
const maxComparisonInterval = 1.5;

/**
 * Heartbeats that a location on NATS may have to wait for: three until a silent member is removed, and its partitions are placed
 * again, and one until the new holder has compared again and is complete.
 */
const natsHeartbeats = 4;

/** Milliseconds that a location may take besides the network. */
const processingMarginMs = 200;

/**
 * Upper bound for the propagation of a location in a herd whose links are up, in milliseconds, with each hop as slow as the
 * network normally is, including losses.
 *
 * - Flooding: the longest path.
 * - NATS: usually three hops, but delivery is at most once. A message may have been lost with a connection, or because interest
 *   had not spread; if its publisher sends no more, only the next comparison of two holders finds it. The holders may be those
 *   of a member that is gone, or may be joining.
 */
export function convergenceBoundMs({ herd, network }: Pick<Scenario, 'herd' | 'network'>): number {
  const retransmissionDelayMs = network.loss === 0 ? 0 : minRetransmitMs * (2 ** maxRetransmissions - 1);
  const hopMs = network.delay.maxMs + retransmissionDelayMs;
  const { replication, linkTimings } = herd;
  if (replication.kind === 'flood') return processingMarginMs + diameter(herd.topology) * hopMs;
  const repairMs = maxComparisonInterval * linkTimings.antiEntropyMs + natsHeartbeats * linkTimings.heartbeatMs;
  const hopsPerMessage = replication.brokers === 1 ? 2 : 3;
  return processingMarginMs + repairMs + natsMessages * hopsPerMessage * hopMs;
}

/** Milliseconds for which a settled herd is observed for unexpected activity. */
export function quiescenceMs({ herd }: Pick<Scenario, 'herd'>): number {
  return 2 * herd.linkTimings.heartbeatMs;
}

/** Largest number of links between two servers. */
function diameter(topology: Topology): number {
  return Math.max(0, ...[...topology.keys()].map((server) => maxHopsFrom(server, topology)));
}

function maxHopsFrom(start: ServerId, topology: Topology): number {
  const visited = new Set([start]);
  let frontier: readonly ServerId[] = [start];
  let hops = -1;
  while (frontier.length > 0) {
    hops += 1;
    const next = frontier.flatMap((server) => topology.get(server) ?? []).filter((server) => !visited.has(server));
    frontier = [...new Set(next)];
    for (const server of frontier) visited.add(server);
  }
  return hops;
}
