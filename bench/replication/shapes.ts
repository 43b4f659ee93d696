import { herd } from '../systems/all.js';
import type { Contestant, Talks } from '../systems/contestant.js';
import { natsHerd } from '../systems/nats-herd.js';
import { graphs, type GraphEdge } from '../graphs.js';

/** A way for reports to get from server to server, in a herd of some size. */
export interface SpreadShape {
  /** As it stands in tables: the way, and how many servers. */
  readonly name: string;
  readonly way: 'flood' | 'nats';
  readonly servers: number;
  /** How often a server is told of what it knows already, over the herd, for each report. */
  readonly duplicates: number;
  readonly contestant: Contestant;
  readonly talks: Talks;
}

/**
 * The ways that are measured in a herd of so many servers: flooding over a tree, which is the least that flooding can cost and breaks with
 * any link; over a random graph of four neighbours a server, which is what a herd that grows is advised to have; and NATS.
 */
export function shapesOf(servers: number): SpreadShape[] {
  const flood = (graph: 'tree' | 'random'): SpreadShape => {
    const edges = graphs[graph]?.(servers) ?? [];
    const duplicates = 2 * (edges.length - servers + 1);
    const talks = talksOf(servers, edges);
    return { name: `flooding, ${graph}, ${servers}`, way: 'flood', servers, duplicates, contestant: herd, talks };
  };
  const [tree, random] = [flood('tree'), flood('random')];
  return [
    tree,
    // Two servers have one link, whatever the graph.
    ...(random.duplicates > 0 ? [random] : []),
    { ...tree, name: `NATS, ${servers}`, way: 'nats', contestant: natsHerd },
  ];
}

/** The server that gets the reports: the first in order, and the root of the tree. */
export const told = nameOf(0);

function talksOf(servers: number, edges: readonly GraphEdge[]): Talks {
  const others = (server: number) => edges.flatMap(([one, other]) => (one === server ? [nameOf(other)] : []));
  return Object.fromEntries(Array.from({ length: servers }, (_, server) => [nameOf(server), others(server)]));
}

function nameOf(server: number): string {
  return `S${String(server + 1).padStart(2, '0')}`;
}
