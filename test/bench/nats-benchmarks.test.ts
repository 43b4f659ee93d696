import { expect } from 'chai';
import { AckedTimes } from '../../bench/replication/acked-times.js';
import { assumptions, demandOf, deriveCosts, renderPlanOrReason } from '../../bench/replication/plan.js';
import { clientsOf, isQuery } from '../../bench/replication/steady-load.js';
import { Figures } from '../../bench/report/figure.js';
import { isSettled, sumMetric, type HerdState } from '../../bench/support/herd-state.js';

describe('lookups in the benchmark of a killed member', () => {
  const line = (client: string, time: number) => `AT S01 +0.000000001 ${client} +1+2 ${time}`;

  it('must find the newest report that was acknowledged a while ago', () => {
    const acked = new AckedTimes(1_000);
    acked.record('kiwi', 10, 5_000);
    acked.record('kiwi', 20, 7_000);
    expect(acked.judge('kiwi', line('kiwi', 10), 7_999)).to.equal('correct');
    expect(acked.judge('kiwi', line('kiwi', 10), 8_000)).to.equal('stale');
    expect(acked.judge('kiwi', line('kiwi', 20), 8_000)).to.equal('correct');
    expect(acked.judge('kiwi', line('kiwi', 9), 7_000)).to.equal('stale');
  });

  it('fail without the location of that client', () => {
    const acked = new AckedTimes(0);
    acked.record('kiwi', 10, 0);
    expect(acked.judge('kiwi', '? WHATSAT kiwi 0 0', 1)).to.equal('failed');
    expect(acked.judge('kiwi', line('plum', 10), 1)).to.equal('failed');
  });

  it('need not find what the killed member had not sent', () => {
    const acked = new AckedTimes(0);
    acked.record('kiwi', 10, 1_000);
    acked.record('kiwi', 20, 2_000);
    acked.record('plum', 30, 1_999);
    acked.record('pear', 40, 2_000);
    expect(acked.withdraw(['kiwi', 'plum'], 2_000)).to.equal(1);
    expect(acked.judge('kiwi', line('kiwi', 10), 3_000)).to.equal('correct');
    expect(acked.judge('plum', line('plum', 29), 3_000)).to.equal('stale');
    expect(acked.judge('pear', line('pear', 39), 3_000)).to.equal('stale');
  });
});

describe('the load of a herd on NATS', () => {
  it('divides the clients among the members', () => {
    const ids = [0, 1, 2].flatMap((member) => clientsOf(member, 3, 100));
    expect(ids).to.have.length(100);
    expect(new Set(ids)).to.have.property('size', 100);
    expect(clientsOf(2, 3, 5)).to.deep.equal(['steady0000002']);
  });

  it('spreads queries evenly', () => {
    const queries = Array.from({ length: 20 }, (_, number) => isQuery(number, 0.1));
    expect(queries.flatMap((query, number) => (query ? [number] : []))).to.deep.equal([9, 19]);
    expect(isQuery(3, 0)).to.equal(false);
  });
});

describe('the state of a herd on NATS', () => {
  const settled = { complete: 128, filling: 0, leaving: 0, short: 0 };
  const state = (partitions: Partial<typeof settled>, name = 'live'): HerdState => ({
    locations: 0,
    nats: { state: name, members: ['S01', 'S02'], partitions: { ...settled, ...partitions } },
  });

  it('is settled with all members live and no partition on its way', () => {
    expect(isSettled(state({}), 2)).to.equal(true);
    expect(isSettled(state({}), 3)).to.equal(false);
    expect(isSettled(state({}, 'joining'), 2)).to.equal(false);
    for (const name of ['filling', 'leaving', 'short'] as const)
      expect(isSettled(state({ [name]: 1 }), 2), name).to.equal(false);
    expect(isSettled({ locations: 0, nats: null }, 2)).to.equal(false);
    expect(isSettled(undefined, 2)).to.equal(false);
  });

  it('has metrics, of which the samples are added', () => {
    const text =
      '# TYPE moved_total counter\nmoved_total{server="a"} 3\nmoved_total{server="b"} 4\nmoved_total_other 9\n';
    expect(sumMetric(text, 'moved_total')).to.equal(7);
    expect(sumMetric('moved_total 5\n', 'moved_total')).to.equal(5);
    expect(sumMetric(text, 'absent_total')).to.equal(0);
  });
});

describe('the plan of a herd on NATS', () => {
  const costs = { takenMicros: 20, heldMicros: 6, natsMicros: 8 };

  function figures(): Figures {
    const all = new Figures();
    const add = (metric: string, value: number) =>
      all.add({ benchmark: 'nats-cost', subject: 'Herd on NATS', metric, unit: 'µs', values: [value] });
    add('CPU, first server', 20);
    // Of three copies, five of six members hold 2.5 on average.
    add('CPU, other servers', 15);
    add('CPU, nats-server', 8);
    return all;
  }

  it('takes its costs from the figures', () => {
    expect(deriveCosts(figures())).to.deep.equal(costs);
    expect(renderPlanOrReason(new Figures())).to.match(/^plan not available: nats-cost: ./);
  });

  it('divides reports among the members, and locations by partitions', () => {
    const demand = demandOf(costs, 1_000_000, 3);
    expect(demand.reportsPerSecond).to.equal(1_000_000 / assumptions.reportIntervalSeconds);
    // Three members with three replicas hold everything.
    expect(demand.mostPartitions).to.equal(256);
    expect(demand.memberCores).to.be.closeTo((1e5 * (20 / 3 + 6)) / 1e6, 1e-9);
    expect(demand.memberBytes).to.equal(1_000_000 * assumptions.locationBytes);
    expect(demand.natsCores).to.be.closeTo(0.8, 1e-9);
    expect(demand.presencePerSecond).to.equal(3);
  });

  it('counts the member with the most partitions', () => {
    const { mostPartitions } = demandOf(costs, 1_000_000, 48);
    // 16 on average.
    expect(mostPartitions).to.be.within(17, 40);
  });

  it('says which herds are too small', () => {
    const page = renderPlanOrReason(figures());
    expect(page).to.match(/at each holder +6 µs\n/);
    expect(page).to.match(/\n +10,000,000 +50 +1,000,000 /);
    expect(renderPlanOrReason(figures())).to.include('over limit');
  });
});
