import type { ServerId } from './ids.js';

/** Undirected graph of the links: the neighbours of each server, in the order of the configuration. */
export type Topology = ReadonlyMap<ServerId, readonly ServerId[]>;

/** Builds a topology from links. Duplicates, also in the other direction, count once. */
export function buildTopology(servers: Iterable<ServerId>, links: Iterable<readonly [ServerId, ServerId]>): Topology {
  const neighbours = new Map<ServerId, Set<ServerId>>();
  for (const server of servers) neighbours.set(server, new Set());
  for (const [server, neighbour] of links) {
    neighbours.get(server)?.add(neighbour);
    neighbours.get(neighbour)?.add(server);
  }
  return new Map([...neighbours].map(([server, others]) => [server, [...others]]));
}

/** Returns each link once, the server that dials first. */
export function linksOf(topology: Topology): (readonly [ServerId, ServerId])[] {
  return [...topology].flatMap(([server, neighbours]) =>
    neighbours.filter((neighbour) => isDialer(server, neighbour)).map((neighbour) => [server, neighbour] as const),
  );
}

/** Returns the connected components of the topology without the `excluded` servers. */
export function connectedComponents(topology: Topology, excluded: ReadonlySet<ServerId> = new Set()): ServerId[][] {
  const seen = new Set<ServerId>(excluded);
  const components: ServerId[][] = [];
  for (const server of topology.keys()) {
    if (seen.has(server)) continue;
    seen.add(server);
    const component = [server];
    for (const member of component) {
      for (const neighbour of topology.get(member) ?? []) {
        if (seen.has(neighbour)) continue;
        seen.add(neighbour);
        component.push(neighbour);
      }
    }
    components.push(component);
  }
  return components;
}

/** Whether `from` dials `to`: the server whose ID sorts first does, so that a link has one connection. */
export function isDialer(from: ServerId, to: ServerId): boolean {
  return from < to;
}
