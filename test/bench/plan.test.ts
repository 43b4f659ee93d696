import { expect } from 'chai';
import { Figures } from '../../bench/report/figure.js';
import { constantsOf, type Constants } from '../../bench/replication/constants.js';
import { fit } from '../../bench/replication/fit.js';
import { assumptions, designsOf, mostClients, shardsOf } from '../../bench/replication/plan.js';
import { planOf } from '../../bench/replication/plan-page.js';
import { shapesOf } from '../../bench/replication/shapes.js';

/** What a herd would be measured to take, if it were made of these. */
const made: Constants = {
  flood: { toldMicros: 20, learnedMicros: 10, duplicateMicros: 4, bytesAMessage: 80 },
  nats: {
    toldMicros: 100,
    learnedMicros: 30,
    storedMicros: 25,
    deliveredMicros: 5,
    bytesStored: 300,
    bytesDelivered: 250,
  },
  memoryBytes: { flood: 300, nats: 500, engine: 200, disk: 250 },
  joinMicros: { flood: 15, nats: 20 },
};

/** The figures of a run that measured just that. */
function figuresOf({ flood, nats, memoryBytes, joinMicros }: Constants): Figures {
  const figures = new Figures();
  const add = (measure: string, subject: string, metric: string, value: number) =>
    figures.add({ measure, subject, metric, unit: 'µs', values: [value] });
  for (const { name, way, servers, duplicates } of [2, 4, 8, 16].flatMap(shapesOf)) {
    const others = servers - 1;
    if (way === 'flood') {
      const micros = flood.toldMicros + others * flood.learnedMicros + duplicates * flood.duplicateMicros;
      add('spread', name, 'CPU, servers', micros);
      add('spread', name, 'bytes', (others + duplicates) * flood.bytesAMessage);
    } else {
      add('spread', name, 'CPU, servers', nats.toldMicros + others * nats.learnedMicros);
      add('spread', name, 'CPU, nats-server', nats.storedMicros + servers * nats.deliveredMicros);
      add('spread', name, 'bytes', nats.bytesStored + servers * nats.bytesDelivered);
    }
  }
  add('spread, memory', 'flooding, tree, 2', 'memory, other server', memoryBytes.flood);
  add('spread, memory', 'flooding, tree, 2', 'joins', joinMicros.flood);
  add('spread, memory', 'NATS, 2', 'memory, other server', memoryBytes.nats);
  add('spread, memory', 'NATS, 2', 'memory, nats-server', memoryBytes.engine);
  add('spread, memory', 'NATS, 2', 'disk, nats-server', memoryBytes.disk);
  add('spread, memory', 'NATS, 2', 'joins', joinMicros.nats);
  return figures;
}

describe('a herd on paper', () => {
  const designs = new Map(designsOf(made).map((design) => [design.name, design]));
  const demand = (name: string, clients: number, servers: number) => designs.get(name)!.demand({ clients, servers });

  it('is made of what the figures of herds of several sizes come to', () => {
    const found = constantsOf(figuresOf(made));
    const numbers = ({ flood, nats, memoryBytes, joinMicros }: Constants): number[] =>
      [flood, nats, memoryBytes, joinMicros].flatMap((part) => Object.values<number>({ ...part }));
    for (const [index, value] of numbers(made).entries()) expect(numbers(found)[index]).to.be.closeTo(value, 1e-6);
  });

  it('takes noise for no cost, never for a gain, and says what was not measured', () => {
    const rows = [
      { terms: [1, 1], value: 10 },
      { terms: [1, 2], value: 9 },
    ];
    const [first = 0, second] = fit(rows);
    expect(second).to.equal(0);
    expect(first).to.be.within(9, 10);
    expect(() => fit([{ terms: [1, 1], value: 10 }])).to.throw('too few sizes');
    expect(planOf(new Figures())).to.match(/^There is no plan: .+\.$/);
  });

  it('floods every report to every server, and twice more to each over four neighbours', () => {
    const { reportsPerSecond, serverCores, serverMemoryBytes, joinSeconds } = demand(
      'flooding, four neighbours each',
      1e6,
      100,
    );
    expect(reportsPerSecond).to.equal(1e6 / assumptions.reportEverySeconds);
    // 20 where it is told, 99 × 10 where it is learned, 2 × (200 − 99) × 4 where it is known.
    expect(serverCores).to.be.closeTo((1e5 * (20 + 990 + 808)) / 100 / 1e6, 1e-9);
    expect(serverMemoryBytes).to.equal(3e8);
    expect(joinSeconds).to.equal(15);
  });

  it('gives NATS a write for each report, and a delivery to each server, whatever it holds', () => {
    const all = demand('NATS, hold: all', 1e6, 100);
    expect(all.engineCores).to.be.closeTo(1e5 * (25 + 500) * 1e-6, 1e-9);
    expect(all.deliveriesPerSecond).to.equal(1e7);
    expect(shardsOf(all)).to.equal(Math.ceil(2.5 / assumptions.busyMost));
    const touched = demand('NATS, hold: touched', 1e6, 100);
    const asks = 1e5 * assumptions.asksAReport;
    expect(touched.deliveriesPerSecond).to.be.closeTo(1e7 + asks, 1e-6);
    expect(touched.engineCores).to.be.closeTo(all.engineCores + asks * 25e-6, 1e-9);
    expect(touched.joinSeconds).to.equal(0);
    expect(touched.serverMemoryBytes).to.equal(1e6 * assumptions.holdersOfTouched * 5);
  });

  it('stops at the core of a server or at its heap', () => {
    const flood = designs.get('flooding, four neighbours each')!;
    const { clients, stops } = mostClients(flood, 10);
    expect(stops).to.equal("a server's core");
    expect(flood.demand({ clients, servers: 10 }).serverCores).to.be.closeTo(assumptions.busyMost, 1e-9);
    const [slim] = designsOf({ ...made, memoryBytes: { ...made.memoryBytes, flood: 1e6 } });
    expect(mostClients(slim!, 10)).to.deep.equal({ clients: 4_000, stops: "a server's heap" });
  });

  it('is written as tables', () => {
    const page = planOf(figuresOf(made));
    expect(page).to.match(/a report, where it is learned +10 µs +30 µs\n/);
    expect(page).to.match(/\n +10,000,000 +1,000 +1,000,000 .* too much\n/);
  });
});
