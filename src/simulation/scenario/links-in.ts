import type { ServerId } from '../../protocol/place/ids.js';
import { buildTopology, type Topology } from '../../protocol/place/topology.js';
import type { ScenarioHerd } from './scenario.js';

/** Name of the broker of a herd on NATS, where it is used like a server: at the end of a link, or as a lane. */
export const broker = 'broker' as ServerId;

/** Names of the broker's nodes: `broker`, or `broker-1`, `broker-2` and so on; none in a herd that floods. */
export function brokerNodesIn({ replication }: Pick<ScenarioHerd, 'replication'>): readonly ServerId[] {
  if (replication.kind === 'flood') return [];
  if (replication.brokers === 1) return [broker];
  return Array.from({ length: replication.brokers }, (_, index) => `${broker}-${index + 1}` as ServerId);
}

/** Whether a name is that of a broker node in some herd. No server of a herd on NATS has such a name. */
export function isBrokerNode(name: string): boolean {
  return /^broker(?:-\d+)?$/.test(name);
}

/** The links of a herd, in both directions: between servers, or between each server and each broker node, and between those. */
export function linksIn(herd: Pick<ScenarioHerd, 'topology' | 'replication'>): Topology {
  const { topology, replication } = herd;
  if (replication.kind === 'flood') return topology;
  const servers = [...topology.keys()];
  const nodes = brokerNodesIn(herd);
  return buildTopology(
    [...servers, ...nodes],
    [
      ...servers.flatMap((server) => nodes.map((node) => [server, node] as const)),
      ...nodes.flatMap((node, index) => nodes.slice(index + 1).map((other) => [node, other] as const)),
    ],
  );
}
