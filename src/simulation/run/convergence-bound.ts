import type { Topology } from '../../protocol/place/topology.js';
import type { ServerId } from '../../protocol/place/ids.js';
import { minRetransmitMs } from '../network/path.js';
import type { Scenario } from '../scenario/scenario.js';

/** Consecutive retransmissions of a segment that the bound allows for on each hop. */
const maxRetransmissions = 2;

/**
 * One-way trips to and from the broker that a location may have to wait for, in sequence: the previous write of the same client
 * and its reply; two conflicts, each with a read; its own write and the notification.
 */
const brokerTrips = 2 + 2 * 4 + 2;

/** Milliseconds that a location may take besides the network. */
const processingMarginMs = 200;

/**
 * Upper bound for the propagation of a location in a herd whose links are up, in milliseconds: the longest path, with each hop
 * as slow as the network normally is, including losses.
 */
export function convergenceBoundMs({ herd, network }: Pick<Scenario, 'herd' | 'network'>): number {
  const retransmissionDelayMs = network.loss === 0 ? 0 : minRetransmitMs * (2 ** maxRetransmissions - 1);
  const hops = herd.replication === 'nats' ? brokerTrips : diameter(herd.topology);
  return processingMarginMs + hops * (network.delay.maxMs + retransmissionDelayMs);
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
