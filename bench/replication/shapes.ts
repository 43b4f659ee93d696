import { herd } from '../systems/all.js';
import type { BenchSystem, TopologyInput } from '../systems/system.js';
import { natsHerd } from '../systems/nats-herd.js';
import { graphBuilders, type GraphEdge } from '../graphs.js';

/** A replication strategy and topology for a number of servers. */
export interface ReplicationShape {
  /** Name in tables: the strategy and the number of servers. */
  readonly name: string;
  readonly replication: 'flood' | 'nats';
  readonly servers: number;
  /** Number of duplicate messages per report in the whole herd. */
  readonly duplicates: number;
  readonly system: BenchSystem;
  readonly topology: TopologyInput;
}

/**
 * The shapes measured for a number of servers: flooding over a tree, the cheapest topology; flooding over a random graph with four
 * neighbours per server, which is recommended for large herds; and NATS.
 */
export function replicationShapes(servers: number): ReplicationShape[] {
  const flood = (graph: 'tree' | 'random'): ReplicationShape => {
    const edges = graphBuilders[graph]?.(servers) ?? [];
    const duplicates = 2 * (edges.length - servers + 1);
    const topology = topologyFrom(servers, edges);
    return {
      name: `flooding, ${graph}, ${servers}`,
      replication: 'flood',
      servers,
      duplicates,
      system: herd,
      topology,
    };
  };
  const [tree, random] = [flood('tree'), flood('random')];
  return [
    tree,
    // With two servers both graphs are the same.
    ...(random.duplicates > 0 ? [random] : []),
    { ...tree, name: `NATS, ${servers}`, replication: 'nats', system: natsHerd },
  ];
}

/** The server that receives the reports: the first by name, and the root of the tree. */
export const reportedServer = serverName(0);

function topologyFrom(servers: number, edges: readonly GraphEdge[]): TopologyInput {
  const others = (server: number) => edges.flatMap(([one, other]) => (one === server ? [serverName(other)] : []));
  return Object.fromEntries(Array.from({ length: servers }, (_, server) => [serverName(server), others(server)]));
}

function serverName(server: number): string {
  return `S${String(server + 1).padStart(2, '0')}`;
}
