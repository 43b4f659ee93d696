import { expect } from 'chai';
import { HeldPartitions } from '../../../src/actors/replication/partitions/held-partitions.js';
import { NatsReplication } from '../../../src/actors/replication/partitions/nats-replication.js';
import { PartitionLookup } from '../../../src/actors/replication/partitions/partition-lookup.js';
import { Publisher } from '../../../src/actors/replication/partitions/publisher.js';
import { Republishing } from '../../../src/actors/replication/partitions/republishing.js';
import { AntiEntropy } from '../../../src/actors/store/anti-entropy.js';
import { UnheldLocations } from '../../../src/actors/store/unheld-locations.js';
import { Digest, leavesPerPartition } from '../../../src/protocol/place/digest.js';
import type { Location } from '../../../src/protocol/place/location.js';
import { createInvariants } from '../../../src/simulation/invariants/all.js';
import { restoreMethods, injectBug } from './inject-bug.js';
import { createScenario, violatedInvariants } from '../../support/simulate.js';

const herd = (replicas: number): string =>
  `herd: { servers: [A, B, C, D], replication: { kind: nats, replicas: ${replicas} }, peers: { heartbeatMs: 250, antiEntropySeconds: 1 } }
network: { delay: 5ms }`;
const busy = `${herd(2)}\nclients: { count: 60, rate: 60/s, late: 5%, queries: 20%, checks: 50%, moves: 10% }\nsettle: 20s`;

/** A broker that is lost for a while, and members that come and go. */
const trouble = `
steps:
  - { at: 2s, broker: down }
  - { at: 4s, broker: up }
  - { at: 6s, crash: B }
  - { at: 8s, restart: B }
  - { at: 11s, leave: C }
  - { at: 15s, join: C }
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

  it('acknowledged-survives: what was reported without a broker is not published later', async () => {
    injectBug(Republishing, 'add', () => undefined);
    const reports = Array.from(
      { length: 8 },
      (_, index) => `- { at: 3s, report: { server: A, client: kiwi-${index}, position: '+1+1' } }`,
    );
    const steps = ['- { at: 1s, cut: [A, broker] }', ...reports, '- { at: 4s, heal: all }'].join('\n  ');
    await caught('acknowledged-survives', `${herd(2)}\nsettle: 20s\nsteps:\n  ${steps}`);
  });

  it('read-your-writes: a server does not look among the reports that it keeps', async () => {
    injectBug(UnheldLocations, 'get', () => undefined);
    await caught('read-your-writes', `${busy}\n${trouble}`);
  });

  it('lookups-fresh: a server answers with what a lookup has found first', async () => {
    const first = new Map<string, unknown>();
    injectBug(PartitionLookup, 'handleResponse', (_, parameters, sound) => {
      // The method gets what is in the array when it is called.
      const changed = parameters as unknown[];
      const location = changed[1] as Location | undefined;
      if (location !== undefined && !first.has(location.client)) first.set(location.client, location);
      if (location !== undefined) changed[1] = first.get(location.client);
      return sound();
    });
    await caught('lookups-fresh', `${busy}\nsteps: [{ at: 8s, heal: all }]`);
  });

  it('partitions-complete: a server drops nothing that it is no longer to hold', async () => {
    injectBug(HeldPartitions, 'nextHandover', () => undefined);
    await caught('partitions-complete', `${busy}\nsteps: [{ at: 4s, join: D }]`);
  });

  it('moves-bounded: a server always sends all that it has of a partition', async () => {
    let hashes = 0;
    injectBug(Digest, 'partitionHash', () => (hashes += 1).toString(16));
    injectBug(Digest, 'differingLeaves', (_, [partition]) =>
      Array.from({ length: leavesPerPartition }, (__, leaf) => (partition as number) * leavesPerPartition + leaf),
    );
    await caught('moves-bounded', `${busy}\nsteps: [{ at: 8s, broker: down }, { at: 8100ms, broker: up }]`);
  });

  it('holders-agree: a server that fills a partition receives nothing', async () => {
    injectBug(AntiEntropy, 'nextPage', () => true);
    await caught('holders-agree', `${busy}\nsteps: [{ at: 5s, crash: B }, { at: 6s, restart: B }]`);
  });

  it('link-recovery: a session that was lost is not opened again', async () => {
    const opened = new Set<object>();
    injectBug(NatsReplication, 'beginSession', (replication, _, sound) => {
      if (opened.has(replication)) return undefined;
      opened.add(replication);
      return sound();
    });
    await caught('link-recovery', `${busy}\nsteps: [{ at: 2s, broker: down }, { at: 3s, broker: up }]`);
  });

  it('quiescent: reports are published again, whatever is confirmed', async () => {
    injectBug(Publisher, 'isConfirmed', () => false);
    await caught('quiescent', `${busy}\nsteps: [{ at: 5s, heal: all }]`);
  });

  it('have each been seen to catch a bug, if they are of these herds alone', () => {
    const flooding = new Set(createInvariants(createScenario('')).map(({ name }) => name));
    const own = createInvariants(createScenario(herd(2))).filter(({ name }) => !flooding.has(name));
    expect(own).to.have.lengthOf(4);
    for (const { name } of own) expect(seen).to.include(name);
  });
});
