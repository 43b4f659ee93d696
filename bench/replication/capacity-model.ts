import type { CostConstants } from './constants.js';

/** Assumptions of the model that are not measured; docs/explanation/scale.md explains them. */
export const assumptions = {
  /** Time between two reports of a client, in seconds. */
  reportIntervalSeconds: 10,
  /** Maximum average use of a core by a server or by a NATS stream, as a fraction; the rest is for bursts. */
  maxCoreUse: 0.6,
  /** Default heap limit of Node on a machine with 16 GB or more, in bytes. */
  heapBytes: 4e9,
  /** Queries per report. */
  queriesPerReport: 1 / 9,
  /** With `hold: touched`: number of servers that store a client, one that receives its reports and one that is queried for it. */
  replicasOfTouched: 2,
} as const;

/** Size of a modelled herd. */
export interface HerdSize {
  readonly clients: number;
  readonly servers: number;
}

/** Resources that a herd needs. All numbers are proportional to the clients for a fixed number of servers. */
export interface Demand {
  readonly reportsPerSecond: number;
  /** CPU use of one server, in cores; it can use at most one. */
  readonly serverCores: number;
  readonly serverMemoryBytes: number;
  /** Replication traffic that one server reads, in bytes per second. */
  readonly serverBytesPerSecond: number;
  /** Time until a joining server has all locations that it must store. */
  readonly joinSeconds: number;
  /** CPU use of all nats-servers together without replicas, in cores. */
  readonly brokerCores: number;
  /** The part of `brokerCores` for writes, which is divided among shards. */
  readonly brokerWriteCores: number;
  readonly deliveriesPerSecond: number;
  readonly brokerDiskBytes: number;
}

/** A replication strategy. */
export interface Design {
  readonly name: string;
  /** Computes what a herd of this size needs. */
  demand(size: HerdSize): Demand;
}

const noBrokerDemand = { brokerCores: 0, brokerWriteCores: 0, deliveriesPerSecond: 0, brokerDiskBytes: 0 };

/** Creates the modelled designs from measured constants. */
export function createDesigns(constants: CostConstants): Design[] {
  return [flooding(constants), natsFullReplica(constants), natsPartialReplica(constants)];
}

/** Flooding over a random graph with four neighbours per server, which has twice as many links as servers. */
function flooding({ flood, memoryBytes, joinMicros }: CostConstants): Design {
  return {
    name: 'flooding, four neighbours per server',
    demand: ({ clients, servers }) => {
      const reports = reportsPerSecond(clients);
      const links = Math.min(2 * servers, (servers * (servers - 1)) / 2);
      const duplicates = 2 * (links - servers + 1);
      const micros = flood.acceptedMicros + (servers - 1) * flood.learnedMicros + duplicates * flood.duplicateMicros;
      return {
        ...noBrokerDemand,
        reportsPerSecond: reports,
        serverCores: (reports * micros) / servers / 1e6,
        serverMemoryBytes: clients * memoryBytes.flood,
        serverBytesPerSecond: (reports * (servers - 1 + duplicates) * flood.bytesPerMessage) / servers,
        joinSeconds: (clients * joinMicros.flood) / 1e6,
      };
    },
  };
}

/** Every server watches the whole bucket and stores every client. */
function natsFullReplica({ nats, memoryBytes, joinMicros }: CostConstants): Design {
  return {
    name: 'NATS, hold: all',
    demand: ({ clients, servers }) => {
      const reports = reportsPerSecond(clients);
      const micros = nats.acceptedMicros + (servers - 1) * nats.learnedMicros;
      return {
        reportsPerSecond: reports,
        serverCores: (reports * micros) / servers / 1e6,
        serverMemoryBytes: clients * memoryBytes.nats,
        serverBytesPerSecond: reports * nats.bytesDelivered,
        joinSeconds: (clients * joinMicros.nats) / 1e6,
        brokerCores: (reports * (nats.storedMicros + servers * nats.deliveredMicros)) / 1e6,
        brokerWriteCores: (reports * nats.storedMicros) / 1e6,
        deliveriesPerSecond: reports * servers,
        brokerDiskBytes: clients * memoryBytes.disk,
      };
    },
  };
}

/**
 * Every server receives every change, stores some clients, and fetches others from the bucket when queried. The model assumes that a
 * discarded change costs as much as a stored one, and a fetch as much as a write.
 */
function natsPartialReplica(constants: CostConstants): Design {
  const { nats, memoryBytes } = constants;
  const fullReplica = natsFullReplica(constants);
  const { queriesPerReport, replicasOfTouched } = assumptions;
  return {
    name: 'NATS, hold: touched',
    demand: ({ clients, servers }) => {
      const full = fullReplica.demand({ clients, servers });
      const reports = reportsPerSecond(clients);
      const queries = reports * queriesPerReport;
      return {
        reportsPerSecond: reports,
        serverCores: full.serverCores + (queries * nats.acceptedMicros) / servers / 1e6,
        serverMemoryBytes: (clients * replicasOfTouched * memoryBytes.nats) / servers,
        serverBytesPerSecond: full.serverBytesPerSecond + (queries * nats.bytesDelivered) / servers,
        joinSeconds: 0,
        brokerCores: full.brokerCores + (queries * nats.storedMicros) / 1e6,
        brokerWriteCores: full.brokerWriteCores,
        deliveriesPerSecond: full.deliveriesPerSecond + queries,
        brokerDiskBytes: clients * memoryBytes.disk,
      };
    },
  };
}

/** Number of shards that the writes need; each stream processes its writes sequentially. */
export function requiredShards({ brokerWriteCores }: Demand): number {
  return Math.ceil(brokerWriteCores / assumptions.maxCoreUse);
}

/** Maximum number of clients for a design and number of servers, and the resource that limits it. */
export function maxClients(design: Design, servers: number): { readonly clients: number; readonly limitedBy: string } {
  const clients = 1_000_000;
  const { serverCores, serverMemoryBytes } = design.demand({ clients, servers });
  const byCore = (clients * assumptions.maxCoreUse) / serverCores;
  const byMemory = (clients * assumptions.heapBytes) / serverMemoryBytes;
  return byCore < byMemory
    ? { clients: byCore, limitedBy: 'server core' }
    : { clients: byMemory, limitedBy: 'server heap' };
}

function reportsPerSecond(clients: number): number {
  return clients / assumptions.reportIntervalSeconds;
}
