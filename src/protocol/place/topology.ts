import type { ServerId } from './ids.js';

/** Who talks with whom: for each server its neighbours, both ways, in the order of the config. */
export type Topology = ReadonlyMap<ServerId, readonly ServerId[]>;

/** The topology of servers that talk along the given edges. An edge named twice, or from both ends, counts once. */
export function buildTopology(servers: Iterable<ServerId>, links: Iterable<readonly [ServerId, ServerId]>): Topology {
  const neighbours = new Map<ServerId, Set<ServerId>>();
  for (const server of servers) neighbours.set(server, new Set());
  for (const [server, neighbour] of links) {
    neighbours.get(server)?.add(neighbour);
    neighbours.get(neighbour)?.add(server);
  }
  return new Map([...neighbours].map(([server, others]) => [server, [...others]]));
}

/** Who talks with whom, each pair once, first who dials. */
export function linksOf(topology: Topology): (readonly [ServerId, ServerId])[] {
  return [...topology].flatMap(([server, neighbours]) =>
    neighbours.filter((neighbour) => isDialer(server, neighbour)).map((neighbour) => [server, neighbour] as const),
  );
}

/** The parts of the herd that can reach each other over servers that are not `excluded`. One part: the herd is connected. */
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

/** The servers that dial: of two neighbours the one whose name sorts first, so that an edge has one connection. */
export function isDialer(from: ServerId, to: ServerId): boolean {
  return from < to;
}
