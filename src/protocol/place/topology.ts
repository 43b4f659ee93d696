import type { ServerId } from './ids.js';

/** Who talks with whom: for each server its neighbours, both ways, in the order of the config. */
export type Topology = ReadonlyMap<ServerId, readonly ServerId[]>;

/** The topology of servers that talk along the given edges. An edge named twice, or from both ends, counts once. */
export function topologyOf(servers: Iterable<ServerId>, talks: Iterable<readonly [ServerId, ServerId]>): Topology {
  const neighbours = new Map<ServerId, Set<ServerId>>();
  for (const server of servers) neighbours.set(server, new Set());
  for (const [one, other] of talks) {
    neighbours.get(one)?.add(other);
    neighbours.get(other)?.add(one);
  }
  return new Map([...neighbours].map(([server, others]) => [server, [...others]]));
}

/** Who talks with whom, each pair once, first who dials. */
export function linksOf(topology: Topology): (readonly [ServerId, ServerId])[] {
  return [...topology].flatMap(([one, others]) =>
    others.filter((other) => dials(one, other)).map((other) => [one, other] as const),
  );
}

/** The parts of the herd that can reach each other over servers that are not `without`. One part: the herd is connected. */
export function partsOf(topology: Topology, without: ReadonlySet<ServerId> = new Set()): ServerId[][] {
  const seen = new Set<ServerId>(without);
  const parts: ServerId[][] = [];
  for (const server of topology.keys()) {
    if (seen.has(server)) continue;
    seen.add(server);
    const part = [server];
    for (const member of part) {
      for (const neighbour of topology.get(member) ?? []) {
        if (seen.has(neighbour)) continue;
        seen.add(neighbour);
        part.push(neighbour);
      }
    }
    parts.push(part);
  }
  return parts;
}

/** The servers that dial: of two neighbours the one whose name sorts first, so that an edge has one connection. */
export function dials(from: ServerId, to: ServerId): boolean {
  return from < to;
}
