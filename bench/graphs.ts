import { SeededRandom } from '../src/simulation/time/seeded-random.js';

/** A link between two servers, given by their numbers. */
export type GraphEdge = readonly [one: number, other: number];

/** Builders of the connected topologies that are measured: number of servers to edges. */
export const graphBuilders: Readonly<Record<string, (servers: number) => GraphEdge[]>> = { ring, tree, grid, random };

/** Links per server in a random graph: half the average number of neighbours. */
const linksPerServer = 2;

/** Links each server with the next, and the last with the first. */
function ring(servers: number): GraphEdge[] {
  return indices(servers).map((server) => [server, (server + 1) % servers]);
}

/** Links each server with its two children. */
function tree(servers: number): GraphEdge[] {
  return indices(servers)
    .slice(1)
    .map((server) => [Math.floor((server - 1) / 2), server]);
}

/** A square grid: links each server with those beside, above and below it. */
function grid(servers: number): GraphEdge[] {
  const columns = Math.ceil(Math.sqrt(servers));
  return indices(servers).flatMap((server): GraphEdge[] => {
    const edges: GraphEdge[] = [];
    if ((server + 1) % columns !== 0 && server + 1 < servers) edges.push([server, server + 1]);
    if (server + columns < servers) edges.push([server, server + columns]);
    return edges;
  });
}

/** Links each server with a random earlier one, so that the graph is connected, then adds random links up to two per server. */
function random(servers: number): GraphEdge[] {
  const chance = new SeededRandom('graph', String(servers));
  const edges = new Map<string, GraphEdge>();
  const add = (one: number, other: number) => {
    if (one !== other) edges.set(`${Math.min(one, other)}-${Math.max(one, other)}`, [one, other]);
  };
  for (const server of indices(servers).slice(1)) add(server, chance.below(server));
  const all = (servers * (servers - 1)) / 2;
  while (edges.size < Math.min(all, servers * linksPerServer)) add(chance.below(servers), chance.below(servers));
  return [...edges.values()];
}

function indices(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
