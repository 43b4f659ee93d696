import { expect } from 'chai';
import { BucketComparison } from '../../../src/actors/replication/nats/bucket-comparison.js';
import { BucketReader } from '../../../src/actors/replication/nats/bucket-reader.js';
import { BucketWrites, type Write } from '../../../src/actors/replication/nats/bucket-writes.js';
import { BucketWriter } from '../../../src/actors/replication/nats/bucket-writer.js';
import { NatsSpread } from '../../../src/actors/replication/nats/nats-spread.js';
import { createInvariants } from '../../../src/simulation/invariants/all.js';
import { restoreMethods, injectBug } from './inject-bug.js';
import { violatedInvariants, createScenario } from '../../support/simulate.js';
import { Location } from '../../../src/protocol/place/location.js';

const herd = 'herd: { servers: [A, B, C], replication: { kind: nats }, peers: { heartbeatMs: 250 } }\nsettle: 3s';
const busy = `${herd}\nclients: { count: 20, rate: 40/s, late: 20% }`;

/** Everything that can happen to a broker, and a server that comes back with nothing. */
const trouble = `
steps:
  - { at: 2s, broker: down }
  - { at: 3s, broker: up }
  - { at: 5s, broker: wiped }
  - { at: 7s, crash: B }
  - { at: 8s, cut: [C, broker] }
  - { at: 10s, heal: all }
  - { at: 11s, restart: B }
  - { at: 11s, broker: stale }
  - { at: 13s, broker: full }
  - { at: 14s, broker: up }
`;

describe('the invariants, of a herd on NATS', () => {
  const seen = new Set<string>();
  const caught = async (name: string, text: string): Promise<void> => {
    seen.add(name);
    expect(await violatedInvariants(text)).to.include(name);
  };

  afterEach(restoreMethods);

  it('hold without an injected bug', async () => {
    expect(await violatedInvariants(`${busy}\n${trouble}`)).to.deep.equal([]);
  });

  it('bucket-never-back: a server writes what the bucket has, or has newer', async () => {
    injectBug(BucketWriter, 'isMissing', () => true);
    await caught('bucket-monotonic', `${busy}\n${trouble}`);
  });

  it('bucket-agreement: a server that has the bucket again does not compare', async () => {
    injectBug(BucketComparison, 'take', () => []);
    await caught('bucket-agreement', `${busy}\nsteps: [{ at: 5s, broker: wiped }]`);
  });

  it('agreement: every third report is not written', async () => {
    let reports = 0;
    injectBug(BucketWrites, 'add', (_, __, sound) => ((reports += 1) % 3 === 0 ? undefined : sound()));
    await caught('agreement', `${busy}\nsteps: [{ at: 5s, heal: all }]`);
  });

  it('refilled: what the bucket held before is not taken in', async () => {
    injectBug(NatsSpread, 'learn', (spread, _, sound) => {
      const life = Reflect.get(spread, 'life') as { getSnapshot: () => { matches: (state: string) => boolean } };
      return life.getSnapshot().matches('loading') ? undefined : sound();
    });
    await caught('restart-catch-up', `${busy}\nsteps: [{ at: 3s, crash: B }, { at: 5s, restart: B }]`);
  });

  it('links-return: a broker that was lost is not called again', async () => {
    const called = new Set<object>();
    injectBug(NatsSpread, 'open', (spread, _, sound) => {
      if (called.has(spread)) return undefined;
      called.add(spread);
      return sound();
    });
    await caught('link-recovery', `${busy}\nsteps: [{ at: 2s, broker: down }, { at: 3s, broker: up }]`);
  });

  it('bounds: any number of writes is under way at once', async () => {
    injectBug(BucketWrites, 'take', (writes, _, sound) => {
      Reflect.set(writes, 'flyingMax', Infinity);
      return sound();
    });
    const one = 'herd: { servers: [A], replication: { kind: nats }, peers: { heartbeatMs: 1000 } }\nsettle: 3s';
    const crowd = `${one}\nclients: { count: 400, rate: 600/s }\nnetwork: { delay: 1ms }`;
    const stalled = 'steps: [{ at: 100ms, stall: broker }, { at: 2100ms, heal: all }]';
    await caught('bounds', `${crowd}\n${stalled}`);
    restoreMethods();
    expect(await violatedInvariants(`${crowd}\n${stalled}`), 'where it is not planted').to.deep.equal([]);
  });

  it('quiet: what was written is written again', async () => {
    injectBug(BucketWriter, 'isMissing', () => true);
    injectBug(BucketWrites, 'complete', (writes, [write], sound) => {
      sound();
      writes.add((write as Write).location);
    });
    // One client, over slow ways: of the violations, which are one a write, but a hundred are kept.
    const slowly = 'network: { delay: 60ms }\nclients: { count: 1, rate: 5/s }';
    await caught('quiescent', `${herd}\n${slowly}\nsteps: [{ at: 2s, heal: all }]`);
  });

  it('only-reported: a server misreads what stands in the bucket', async () => {
    let read = 0;
    injectBug(BucketReader, 'locationIn', (_, __, sound) => {
      const location = sound() as Location | undefined;
      read += 1;
      if (location === undefined || read % 10 !== 0) return location;
      return Location.ofLine(`${location.line}0`);
    });
    await caught('integrity', `${busy}\nsteps: [{ at: 3s, heal: all }]`);
  });

  it('have each been seen to catch a bug, if they are of these herds alone', () => {
    const flooding = new Set(createInvariants(createScenario('')).map(({ name }) => name));
    const own = createInvariants(createScenario(herd)).filter(({ name }) => !flooding.has(name));
    expect(own).to.have.lengthOf(2);
    for (const { name } of own) expect(seen).to.include(name);
  });
});
