import { table } from '../../src/cli/shared/table.js';
import type { Figures } from '../report/figure.js';
import { shown } from '../report/number.js';
import { constantsOf, type Constants } from './constants.js';
import { assumptions, designsOf, mostClients, shardsOf, type Design, type HerdSize } from './plan.js';

const sizes: readonly HerdSize[] = [
  { clients: 100_000, servers: 5 },
  { clients: 1_000_000, servers: 10 },
  { clients: 1_000_000, servers: 100 },
  { clients: 10_000_000, servers: 100 },
  { clients: 10_000_000, servers: 1_000 },
];

const heads = ['clients', 'servers', 'reports/s', 'core of a server', 'its memory', 'it reads', 'joins after'];
const engineHeads = ['deliveries/s', 'cores of NATS', 'shards', 'its disk'];
const asNumbers = new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);

/** What the measured figures come to in herds that nobody has measured; or what is missing for that. */
export function planOf(figures: Figures): string {
  try {
    return planWith(constantsOf(figures));
  } catch (error) {
    return `There is no plan: ${(error as Error).message}.`;
  }
}

function planWith(constants: Constants): string {
  const designs = designsOf(constants);
  return [
    `Constants\n${constantsTable(constants)}`,
    ...designs.map((design) => `${design.name}\n${demandTable(design)}`),
    `The most clients, of whom each reports every ${assumptions.reportEverySeconds} s, and what stops it\n${mostTable(designs)}`,
  ].join('\n\n');
}

function constantsTable({ flood, nats, memoryBytes, joinMicros }: Constants): string {
  const micros = (value: number) => shown(value, 'µs');
  const bytes = (value: number) => `${shown(value, 'bytes')} B`;
  return table(
    ['', 'flooding', 'NATS'],
    [
      ['a report, where it is told', micros(flood.toldMicros), micros(nats.toldMicros)],
      ['a report, where it is learned', micros(flood.learnedMicros), micros(nats.learnedMicros)],
      ['a report, where it is known already', micros(flood.duplicateMicros), '-'],
      ['a report, in the nats-server', '-', micros(nats.storedMicros)],
      ['and for each server there', '-', micros(nats.deliveredMicros)],
      ['bytes of a message between servers', bytes(flood.bytesAMessage), '-'],
      ['bytes of a report to the nats-server and back', '-', bytes(nats.bytesStored)],
      ['bytes of a report to each server', '-', bytes(nats.bytesDelivered)],
      ['memory of a client, each server', bytes(memoryBytes.flood), bytes(memoryBytes.nats)],
      ['memory of a client, nats-server', '-', bytes(memoryBytes.engine)],
      ['disk of a client, nats-server', '-', bytes(memoryBytes.disk)],
      ['a client, for a server that joins', micros(joinMicros.flood), micros(joinMicros.nats)],
    ],
    new Set([1, 2]),
  );
}

function demandTable(design: Design): string {
  const rows = sizes.map((size) => {
    const demand = design.demand(size);
    const over = demand.serverCores > assumptions.busyMost || demand.serverMemoryBytes > assumptions.heapBytes;
    const row = [
      shown(size.clients, 'count'),
      shown(size.servers, 'count'),
      shown(demand.reportsPerSecond, 'count'),
      shown(demand.serverCores, 'part'),
      sized(demand.serverMemoryBytes),
      `${sized(demand.serverBytesPerSecond)}/s`,
      shown(demand.joinSeconds, 's'),
    ];
    const engine = [
      shown(demand.deliveriesPerSecond, 'count'),
      shown(demand.engineCores, 'count'),
      shown(shardsOf(demand), 'count'),
      sized(demand.engineDiskBytes),
    ];
    return [...row, ...(hasEngine(design) ? engine : []), over ? 'too much' : ''];
  });
  return table([...heads, ...(hasEngine(design) ? engineHeads : []), ''], rows, asNumbers);
}

function hasEngine(design: Design): boolean {
  return design.demand({ clients: 1, servers: 2 }).engineDiskBytes > 0;
}

function mostTable(designs: readonly Design[]): string {
  const rows = [5, 10, 100, 1_000].map((servers) => [
    shown(servers, 'count'),
    ...designs.map((design) => {
      const { clients, stops } = mostClients(design, servers);
      return `${shown(Number(clients.toPrecision(2)), 'count')}: ${stops}`;
    }),
  ]);
  return table(['servers', ...designs.map(({ name }) => name)], rows);
}

function sized(bytes: number): string {
  if (bytes >= 1e9) return `${shown(bytes / 1e9, 'count')} GB`;
  return `${shown(bytes / 1e6, 'count')} MB`;
}
