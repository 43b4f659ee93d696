import { formatTable } from '../../src/cli/shared/output.js';
import type { Figures } from '../report/figure.js';
import { formatNumber } from '../report/number.js';
import { deriveConstants, type CostConstants } from './constants.js';
import {
  assumptions,
  createDesigns,
  maxClients,
  requiredShards,
  type Design,
  type HerdSize,
} from './capacity-model.js';

const sizes: readonly HerdSize[] = [
  { clients: 100_000, servers: 5 },
  { clients: 1_000_000, servers: 10 },
  { clients: 1_000_000, servers: 100 },
  { clients: 10_000_000, servers: 100 },
  { clients: 10_000_000, servers: 1_000 },
];

const headers = ['clients', 'servers', 'reports/s', 'server core', 'server memory', 'server reads', 'join time'];
const brokerHeaders = ['deliveries/s', 'NATS cores', 'shards', 'NATS disk'];
const numericColumns = new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);

/** Renders the capacity model from measured figures, or a line that says which figure is missing. */
export function renderCapacityOrReason(figures: Figures): string {
  try {
    return renderCapacity(deriveConstants(figures));
  } catch (error) {
    return `capacity model not available: ${(error as Error).message}`;
  }
}

function renderCapacity(constants: CostConstants): string {
  const designs = createDesigns(constants);
  return [
    `Constants\n${constantsTable(constants)}`,
    ...designs.map((design) => `${design.name}\n${demandTable(design)}`),
    `Maximum number of clients at one report every ${assumptions.reportIntervalSeconds} s, and the limiting resource\n${capacityTable(designs)}`,
  ].join('\n\n');
}

function constantsTable({ flood, nats, memoryBytes, joinMicros }: CostConstants): string {
  const micros = (value: number) => formatNumber(value, 'µs');
  const bytes = (value: number) => `${formatNumber(value, 'bytes')} B`;
  return formatTable(
    ['', 'flooding', 'NATS'],
    [
      ['report, at the server that accepts it', micros(flood.acceptedMicros), micros(nats.acceptedMicros)],
      ['report, at a server that learns it', micros(flood.learnedMicros), micros(nats.learnedMicros)],
      ['report, received again as a duplicate', micros(flood.duplicateMicros), '-'],
      ['report, stored in the nats-server', '-', micros(nats.storedMicros)],
      ['report, delivered to one server', '-', micros(nats.deliveredMicros)],
      ['bytes per message between servers', bytes(flood.bytesPerMessage), '-'],
      ['bytes per report to the nats-server and back', '-', bytes(nats.bytesStored)],
      ['bytes per report delivered to one server', '-', bytes(nats.bytesDelivered)],
      ['memory per client, each server', bytes(memoryBytes.flood), bytes(memoryBytes.nats)],
      ['memory per client, nats-server', '-', bytes(memoryBytes.broker)],
      ['disk per client, nats-server', '-', bytes(memoryBytes.disk)],
      ['join time per client', micros(joinMicros.flood), micros(joinMicros.nats)],
    ],
    new Set([1, 2]),
  );
}

function demandTable(design: Design): string {
  const rows = sizes.map((size) => {
    const demand = design.demand(size);
    const isOverLimit = demand.serverCores > assumptions.maxCoreUse || demand.serverMemoryBytes > assumptions.heapBytes;
    const row = [
      formatNumber(size.clients, 'count'),
      formatNumber(size.servers, 'count'),
      formatNumber(demand.reportsPerSecond, 'count'),
      formatNumber(demand.serverCores, 'part'),
      formatSize(demand.serverMemoryBytes),
      `${formatSize(demand.serverBytesPerSecond)}/s`,
      formatNumber(demand.joinSeconds, 's'),
    ];
    const brokerCells = [
      formatNumber(demand.deliveriesPerSecond, 'count'),
      formatNumber(demand.brokerCores, 'count'),
      formatNumber(requiredShards(demand), 'count'),
      formatSize(demand.brokerDiskBytes),
    ];
    return [...row, ...(usesBroker(design) ? brokerCells : []), isOverLimit ? 'over limit' : ''];
  });
  return formatTable([...headers, ...(usesBroker(design) ? brokerHeaders : []), ''], rows, numericColumns);
}

function usesBroker(design: Design): boolean {
  return design.demand({ clients: 1, servers: 2 }).brokerDiskBytes > 0;
}

function capacityTable(designs: readonly Design[]): string {
  const rows = [5, 10, 100, 1_000].map((servers) => [
    formatNumber(servers, 'count'),
    ...designs.map((design) => {
      const { clients, limitedBy } = maxClients(design, servers);
      return `${formatNumber(Number(clients.toPrecision(2)), 'count')}: ${limitedBy}`;
    }),
  ]);
  return formatTable(['servers', ...designs.map(({ name }) => name)], rows);
}

function formatSize(bytes: number): string {
  if (bytes >= 1e9) return `${formatNumber(bytes / 1e9, 'count')} GB`;
  return `${formatNumber(bytes / 1e6, 'count')} MB`;
}
