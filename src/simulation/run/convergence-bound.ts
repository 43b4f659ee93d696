import type { Topology } from '../../protocol/place/topology.js';
import type { ServerId } from '../../protocol/place/ids.js';
import { minRetransmitMs } from '../network/path.js';
import type { Scenario } from '../scenario/scenario.js';

/** Retransmissions in a row that a segment may need on each way before the promise is broken. */
const maxRetransmissions = 2;

/**
 * Ways to the broker or back that a location may have to wait for, one after the other: for the write before it of the same
 * client, there and back; for two that conflict, each with a question; and for its own, and the news of it.
 */
const brokerTrips = 2 + 2 * 4 + 2;

/** What a location may take on its way besides the network, in milliseconds. */
const processingMarginMs = 200;

/**
 * How long a location may take to be everywhere in a herd whose links are up, in milliseconds: over the longest way, each of
 * its parts as slow as the network usually is, with losses.
 */
export function convergenceBoundMs({ herd, network }: Pick<Scenario, 'herd' | 'network'>): number {
  const retransmissionDelayMs = network.loss === 0 ? 0 : minRetransmitMs * (2 ** maxRetransmissions - 1);
  const hops = herd.replication === 'nats' ? brokerTrips : diameter(herd.topology);
  return processingMarginMs + hops * (network.delay.maxMs + retransmissionDelayMs);
}

/** How long a herd that has settled is watched for something that it should not do any more, in milliseconds. */
export function quiescenceMs({ herd }: Pick<Scenario, 'herd'>): number {
  return 2 * herd.linkTimings.heartbeatMs;
}

/** The most links that a location passes from one server to another. */
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
