/** Who talks with whom. It counts both ways, so each pair stands here only once. */
export type Talks = Readonly<Record<string, readonly string[]>>;

/** The herd that is measured, unless a measure says another. */
export const fiveServers: Talks = { Blake: ['Bryant', 'Howard'], Gasol: ['Bryant', 'Howard'], Metta: ['Bryant'] };

/** The server that gets the load, and the one that is as far from it as can be: three hops. */
export const first = 'Metta';
export const furthest = 'Howard';

/** A herd to start. */
export interface Shape {
  readonly talks: Talks;
  readonly log: 'every line' | 'none';
}

/** Something that is measured, or measured against. */
export interface Contestant {
  readonly name: string;
  /** Why it cannot run on this machine; undefined if it can. */
  missing(): string | undefined;
  /** Starts its processes, on the core of the servers. Resolves when it takes clients and its links are up. */
  start(shape: Shape): Promise<Running>;
}

/** A contestant that is up. */
export interface Running {
  readonly ports: ReadonlyMap<string, number>;
  /** Its processes: those of servers by name. */
  readonly pids: ReadonlyMap<string, number>;
  /** Where servers speak HTTP, of a herd of ours with the web. */
  readonly httpPorts?: ReadonlyMap<string, number>;
  /** The ports at one end of each connection by which servers hear of each other; of a herd of ours. */
  readonly linkPorts?: readonly number[];
  /** Where the nats-server keeps what it stores; undefined if there is none. */
  readonly bucketFolder?: string;
  /** Where its logs are; undefined if it writes none. */
  readonly logs: string | undefined;
  stop(): Promise<void>;
}

/** The servers of a herd, in order. */
export function serversOf(talks: Talks): string[] {
  return [...new Set(Object.entries(talks).flatMap(([name, others]) => [name, ...others]))].sort();
}

/** The neighbours of each server. */
export function neighboursOf(talks: Talks): Record<string, string[]> {
  const has = (one: string, other: string) => talks[one]?.includes(other) === true;
  const names = serversOf(talks);
  return Object.fromEntries(names.map((one) => [one, names.filter((other) => has(one, other) || has(other, one))]));
}
