import { SeededRandom } from '../src/simulation/time/seeded-random.js';

/** Two servers that talk, by their numbers. */
export type GraphEdge = readonly [one: number, other: number];

/** The shapes that herds are measured in: for a number of servers, who talks with whom. Each is connected. */
export const graphs: Readonly<Record<string, (servers: number) => GraphEdge[]>> = { ring, tree, grid, random };

/** Links of a random graph for each server: half of the neighbours that a server has on average. */
const linksPerServer = 2;

/** Each with the next, the last with the first. */
function ring(servers: number): GraphEdge[] {
  return numbers(servers).map((server) => [server, (server + 1) % servers]);
}

/** Each with its two children. */
function tree(servers: number): GraphEdge[] {
  return numbers(servers)
    .slice(1)
    .map((server) => [Math.floor((server - 1) / 2), server]);
}

/** In rows as long as there are rows, each with those beside, above and below. */
function grid(servers: number): GraphEdge[] {
  const columns = Math.ceil(Math.sqrt(servers));
  return numbers(servers).flatMap((server): GraphEdge[] => {
    const edges: GraphEdge[] = [];
    if ((server + 1) % columns !== 0 && server + 1 < servers) edges.push([server, server + 1]);
    if (server + columns < servers) edges.push([server, server + columns]);
    return edges;
  });
}

/** Each with one before it, so that all are connected; then any two, until there are twice as many links as servers. */
function random(servers: number): GraphEdge[] {
  const chance = new SeededRandom('graph', String(servers));
  const edges = new Map<string, GraphEdge>();
  const add = (one: number, other: number) => {
    if (one !== other) edges.set(`${Math.min(one, other)}-${Math.max(one, other)}`, [one, other]);
  };
  for (const server of numbers(servers).slice(1)) add(server, chance.below(server));
  const all = (servers * (servers - 1)) / 2;
  while (edges.size < Math.min(all, servers * linksPerServer)) add(chance.below(servers), chance.below(servers));
  return [...edges.values()];
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
