import { expect } from 'chai';
import { Figures } from '../../bench/report/figure.js';
import { deriveConstants, type CostConstants } from '../../bench/replication/constants.js';
import { fitFactors } from '../../bench/replication/fit.js';
import { assumptions, createDesigns, maxClients, requiredShards } from '../../bench/replication/capacity-model.js';
import { renderCapacityOrReason } from '../../bench/replication/capacity-page.js';
import { replicationShapes } from '../../bench/replication/shapes.js';

/** Constants of an imaginary herd. */
const constants: CostConstants = {
  flood: { acceptedMicros: 20, learnedMicros: 10, duplicateMicros: 4, bytesPerMessage: 80 },
  nats: {
    acceptedMicros: 100,
    learnedMicros: 30,
    storedMicros: 25,
    deliveredMicros: 5,
    bytesStored: 300,
    bytesDelivered: 250,
  },
  memoryBytes: { flood: 300, nats: 500, broker: 200, disk: 250 },
  joinMicros: { flood: 15, nats: 20 },
};

/** The figures that a run would measure with these constants. */
function figuresOf({ flood, nats, memoryBytes, joinMicros }: CostConstants): Figures {
  const figures = new Figures();
  const add = (benchmark: string, subject: string, metric: string, value: number) =>
    figures.add({ benchmark, subject, metric, unit: 'µs', values: [value] });
  for (const { name, replication, servers, duplicates } of [2, 4, 8, 16].flatMap(replicationShapes)) {
    const others = servers - 1;
    if (replication === 'flood') {
      const micros = flood.acceptedMicros + others * flood.learnedMicros + duplicates * flood.duplicateMicros;
      add('replication', name, 'CPU, servers', micros);
      add('replication', name, 'bytes', (others + duplicates) * flood.bytesPerMessage);
    } else {
      add('replication', name, 'CPU, servers', nats.acceptedMicros + others * nats.learnedMicros);
      add('replication', name, 'CPU, nats-server', nats.storedMicros + servers * nats.deliveredMicros);
      add('replication', name, 'bytes', nats.bytesStored + servers * nats.bytesDelivered);
    }
  }
  add('replication-memory', 'flooding, tree, 2', 'memory, other server', memoryBytes.flood);
  add('replication-memory', 'flooding, tree, 2', 'join time', joinMicros.flood);
  add('replication-memory', 'NATS, 2', 'memory, other server', memoryBytes.nats);
  add('replication-memory', 'NATS, 2', 'memory, nats-server', memoryBytes.broker);
  add('replication-memory', 'NATS, 2', 'disk, nats-server', memoryBytes.disk);
  add('replication-memory', 'NATS, 2', 'join time', joinMicros.nats);
  return figures;
}

describe('the capacity model', () => {
  const designs = new Map(createDesigns(constants).map((design) => [design.name, design]));
  const demand = (name: string, clients: number, servers: number) => designs.get(name)!.demand({ clients, servers });

  it('derives its constants from the figures of several herd sizes', () => {
    const derived = deriveConstants(figuresOf(constants));
    const numbers = ({ flood, nats, memoryBytes, joinMicros }: CostConstants): number[] =>
      [flood, nats, memoryBytes, joinMicros].flatMap((part) => Object.values<number>({ ...part }));
    for (const [index, value] of numbers(constants).entries())
      expect(numbers(derived)[index]).to.be.closeTo(value, 1e-6);
  });

  it('fits no negative costs', () => {
    const rows = [
      { terms: [1, 1], value: 10 },
      { terms: [1, 2], value: 9 },
    ];
    const [first = 0, second] = fitFactors(rows);
    expect(second).to.equal(0);
    expect(first).to.be.within(9, 10);
  });

  it('reports missing figures', () => {
    expect(() => fitFactors([{ terms: [1, 1], value: 10 }])).to.throw('too few herd sizes');
    expect(renderCapacityOrReason(new Figures())).to.match(/^capacity model not available: ./);
  });

  it('floods every report to every server, with two duplicates per server over four neighbours', () => {
    const { reportsPerSecond, serverCores, serverMemoryBytes, joinSeconds } = demand(
      'flooding, four neighbours per server',
      1e6,
      100,
    );
    expect(reportsPerSecond).to.equal(1e6 / assumptions.reportIntervalSeconds);
    // 20 where it is accepted, 99 × 10 where it is learned, 2 × (200 − 99) × 4 for duplicates.
    expect(serverCores).to.be.closeTo((1e5 * (20 + 990 + 808)) / 100 / 1e6, 1e-9);
    expect(serverMemoryBytes).to.equal(3e8);
    expect(joinSeconds).to.equal(15);
  });

  it('counts a write per report and a delivery per server for NATS, with hold: all and hold: touched', () => {
    const all = demand('NATS, hold: all', 1e6, 100);
    expect(all.brokerCores).to.be.closeTo(1e5 * (25 + 500) * 1e-6, 1e-9);
    expect(all.deliveriesPerSecond).to.equal(1e7);
    expect(requiredShards(all)).to.equal(Math.ceil(2.5 / assumptions.maxCoreUse));
    const touched = demand('NATS, hold: touched', 1e6, 100);
    const queries = 1e5 * assumptions.queriesPerReport;
    expect(touched.deliveriesPerSecond).to.be.closeTo(1e7 + queries, 1e-6);
    expect(touched.brokerCores).to.be.closeTo(all.brokerCores + queries * 25e-6, 1e-9);
    expect(touched.joinSeconds).to.equal(0);
    expect(touched.serverMemoryBytes).to.equal(1e6 * assumptions.replicasOfTouched * 5);
  });

  it('limits the clients by the core or by the heap of a server', () => {
    const flood = designs.get('flooding, four neighbours per server')!;
    const { clients, limitedBy } = maxClients(flood, 10);
    expect(limitedBy).to.equal('server core');
    expect(flood.demand({ clients, servers: 10 }).serverCores).to.be.closeTo(assumptions.maxCoreUse, 1e-9);
    const [largeClients] = createDesigns({ ...constants, memoryBytes: { ...constants.memoryBytes, flood: 1e6 } });
    expect(maxClients(largeClients!, 10)).to.deep.equal({ clients: 4_000, limitedBy: 'server heap' });
  });

  it('is rendered as tables', () => {
    const page = renderCapacityOrReason(figuresOf(constants));
    expect(page).to.match(/report, at a server that learns it +10 µs +30 µs\n/);
    expect(page).to.match(/\n +10,000,000 +1,000 +1,000,000 .* over limit\n/);
  });
});
