import type { Topology } from '../../protocol/place/topology.js';
import type { ServerId } from '../../protocol/place/ids.js';
import { retransmitMinMs } from '../network/path.js';
import type { Scenario } from '../scenario/scenario.js';

/** Retransmissions in a row that a segment may need on each way before the promise is broken. */
const retransmissions = 2;

/**
 * Ways to the engine or back that a location may have to wait for, one after the other: for the write before it of the same
 * client, there and back; for two that conflict, each with a question; and for its own, and the news of it.
 */
const bucketWays = 2 + 2 * 4 + 2;

/** What a location may take on its way besides the network, in milliseconds. */
const marginMs = 200;

/**
 * How long a location may take to be everywhere in a herd whose links are up, in milliseconds: over the longest way, each of
 * its parts as slow as the network usually is, with losses.
 */
export function promisedMs({ herd, network }: Pick<Scenario, 'herd' | 'network'>): number {
  const lostMs = network.loss === 0 ? 0 : retransmitMinMs * (2 ** retransmissions - 1);
  const ways = herd.spread === 'nats' ? bucketWays : longestWay(herd.topology);
  return marginMs + ways * (network.delay.mostMs + lostMs);
}

/** How long a herd that has settled is watched for something that it should not do any more, in milliseconds. */
export function quietMs({ herd }: Pick<Scenario, 'herd'>): number {
  return 2 * herd.pace.beatMs;
}

/** The most links that a location passes from one server to another. */
function longestWay(topology: Topology): number {
  return Math.max(0, ...[...topology.keys()].map((server) => waysFrom(server, topology)));
}

function waysFrom(start: ServerId, topology: Topology): number {
  const seen = new Set([start]);
  let edge: readonly ServerId[] = [start];
  let ways = -1;
  while (edge.length > 0) {
    ways += 1;
    const next = edge.flatMap((server) => topology.get(server) ?? []).filter((server) => !seen.has(server));
    edge = [...new Set(next)];
    for (const server of edge) seen.add(server);
  }
  return ways;
}
