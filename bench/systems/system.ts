/** Undirected neighbour graph; each link is listed once. */
export type TopologyInput = Readonly<Record<string, readonly string[]>>;

/** The default herd of five servers. */
export const fiveServers: TopologyInput = {
  Blake: ['Bryant', 'Howard'],
  Gasol: ['Bryant', 'Howard'],
  Metta: ['Bryant'],
};

/** A server without neighbours. */
export const singleServer: TopologyInput = { Metta: [] };

/** The server that receives the load, and the one farthest from it, three hops away. */
export const loadedServer = 'Metta';
export const farthestServer = 'Howard';

/** Topology and logging of a herd to start. */
export interface HerdShape {
  readonly topology: TopologyInput;
  readonly log: 'every-line' | 'none';
}

/** A system under test: Herd in some configuration, or a baseline. */
export interface BenchSystem {
  readonly name: string;
  /** Returns why the system cannot run on this machine; undefined if it can. */
  missingReason(): string | undefined;
  /** Starts the processes on the core for servers. Resolves when clients are accepted and links are up. */
  start(shape: HerdShape): Promise<RunningSystem>;
}

/** A running system. */
export interface RunningSystem {
  /** Client ports by server name. */
  readonly ports: ReadonlyMap<string, number>;
  /** Process IDs by name; those of servers by server name. */
  readonly pids: ReadonlyMap<string, number>;
  /** HTTP ports by server name; only Herd with HTTP. */
  readonly httpPorts?: ReadonlyMap<string, number>;
  /** Folder of the logs; undefined if none are written. */
  readonly logs: string | undefined;
  stop(): Promise<void>;
}

/** Returns the server names of a topology, sorted. */
export function serverNames(topology: TopologyInput): string[] {
  return [...new Set(Object.entries(topology).flatMap(([name, others]) => [name, ...others]))].sort();
}

/** Returns the neighbours of each server. */
export function neighboursByServer(topology: TopologyInput): Record<string, string[]> {
  const has = (one: string, other: string) => topology[one]?.includes(other) === true;
  const names = serverNames(topology);
  return Object.fromEntries(names.map((one) => [one, names.filter((other) => has(one, other) || has(other, one))]));
}
