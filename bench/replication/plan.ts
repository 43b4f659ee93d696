import type { Constants } from './constants.js';

/** What is assumed of herds that nobody has measured; docs/scale.md says why. */
export const assumptions = {
  /** Seconds between two reports of a client. */
  reportEverySeconds: 10,
  /** The part of a core that a server, or a stream of a nats-server, may take: what comes in bursts waits otherwise. */
  busyMost: 0.6,
  /** The heap that Node gives itself on a machine that has 16 GB or more, in bytes. */
  heapBytes: 4e9,
  /** Questions for a client, for each report. */
  asksAReport: 1 / 9,
  /** With `hold: touched`: servers that hold a client, for it is reported at one and asked of at another. */
  holdersOfTouched: 2,
} as const;

/** A herd on paper. */
export interface HerdSize {
  readonly clients: number;
  readonly servers: number;
}

/** What a herd takes. Every number grows in proportion to the clients, if the servers stay the same. */
export interface Demand {
  readonly reportsPerSecond: number;
  /** Cores that one server is busy with; it has one. */
  readonly serverCores: number;
  readonly serverMemoryBytes: number;
  /** What one server reads from others, in bytes a second. */
  readonly serverBytesPerSecond: number;
  /** How long a server that joins takes to know what it must know. */
  readonly joinSeconds: number;
  /** Cores of all nats-servers, but for replicas, and those of them that writing takes: it is what shards divide. */
  readonly engineCores: number;
  readonly engineWriteCores: number;
  readonly deliveriesPerSecond: number;
  readonly engineDiskBytes: number;
}

/** A way to spread locations over a herd. */
export interface Design {
  readonly name: string;
  demand(size: HerdSize): Demand;
}

const noEngine = { engineCores: 0, engineWriteCores: 0, deliveriesPerSecond: 0, engineDiskBytes: 0 };

/** The designs, with these constants. */
export function designsOf(constants: Constants): Design[] {
  return [flooding(constants), natsHoldingAll(constants), natsHoldingTouched(constants)];
}

/** Over a random graph with four neighbours a server: twice as many links as servers, and two ways on which a server hears of what it knows. */
function flooding({ flood, memoryBytes, joinMicros }: Constants): Design {
  return {
    name: 'flooding, four neighbours each',
    demand: ({ clients, servers }) => {
      const reports = reportsPerSecond(clients);
      const links = Math.min(2 * servers, (servers * (servers - 1)) / 2);
      const duplicates = 2 * (links - servers + 1);
      const micros = flood.toldMicros + (servers - 1) * flood.learnedMicros + duplicates * flood.duplicateMicros;
      return {
        ...noEngine,
        reportsPerSecond: reports,
        serverCores: (reports * micros) / servers / 1e6,
        serverMemoryBytes: clients * memoryBytes.flood,
        serverBytesPerSecond: (reports * (servers - 1 + duplicates) * flood.bytesAMessage) / servers,
        joinSeconds: (clients * joinMicros.flood) / 1e6,
      };
    },
  };
}

/** Every server watches the whole bucket. */
function natsHoldingAll({ nats, memoryBytes, joinMicros }: Constants): Design {
  return {
    name: 'NATS, hold: all',
    demand: ({ clients, servers }) => {
      const reports = reportsPerSecond(clients);
      const micros = nats.toldMicros + (servers - 1) * nats.learnedMicros;
      return {
        reportsPerSecond: reports,
        serverCores: (reports * micros) / servers / 1e6,
        serverMemoryBytes: clients * memoryBytes.nats,
        serverBytesPerSecond: reports * nats.bytesDelivered,
        joinSeconds: (clients * joinMicros.nats) / 1e6,
        engineCores: (reports * (nats.storedMicros + servers * nats.deliveredMicros)) / 1e6,
        engineWriteCores: (reports * nats.storedMicros) / 1e6,
        deliveriesPerSecond: reports * servers,
        engineDiskBytes: clients * memoryBytes.disk,
      };
    },
  };
}

/**
 * A server is told of every change as well, keeps some of it, and fetches what it is asked for. A change that it drops is taken to cost what
 * one costs that it keeps, and a question to the bucket what a write costs.
 */
function natsHoldingTouched(constants: Constants): Design {
  const { nats, memoryBytes } = constants;
  const holdingAll = natsHoldingAll(constants);
  const { asksAReport, holdersOfTouched } = assumptions;
  return {
    name: 'NATS, hold: touched',
    demand: ({ clients, servers }) => {
      const all = holdingAll.demand({ clients, servers });
      const reports = reportsPerSecond(clients);
      const asks = reports * asksAReport;
      return {
        reportsPerSecond: reports,
        serverCores: all.serverCores + (asks * nats.toldMicros) / servers / 1e6,
        serverMemoryBytes: (clients * holdersOfTouched * memoryBytes.nats) / servers,
        serverBytesPerSecond: all.serverBytesPerSecond + (asks * nats.bytesDelivered) / servers,
        joinSeconds: 0,
        engineCores: all.engineCores + (asks * nats.storedMicros) / 1e6,
        engineWriteCores: all.engineWriteCores,
        deliveriesPerSecond: all.deliveriesPerSecond + asks,
        engineDiskBytes: clients * memoryBytes.disk,
      };
    },
  };
}

/** The shards that a herd must have, for a stream takes its writes one after the other. */
export function shardsOf({ engineWriteCores }: Demand): number {
  return Math.ceil(engineWriteCores / assumptions.busyMost);
}

/** How many clients so many servers of a design can have at most, and what stops it. */
export function mostClients(design: Design, servers: number): { readonly clients: number; readonly stops: string } {
  const clients = 1_000_000;
  const { serverCores, serverMemoryBytes } = design.demand({ clients, servers });
  const byProcessor = (clients * assumptions.busyMost) / serverCores;
  const byMemory = (clients * assumptions.heapBytes) / serverMemoryBytes;
  return byProcessor < byMemory
    ? { clients: byProcessor, stops: "a server's core" }
    : { clients: byMemory, stops: "a server's heap" };
}

function reportsPerSecond(clients: number): number {
  return clients / assumptions.reportEverySeconds;
}
