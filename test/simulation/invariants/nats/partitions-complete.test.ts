import { expect } from 'chai';
import { PartitionsComplete } from '../../../../src/simulation/invariants/nats/partitions-complete.js';
import { MovesBounded } from '../../../../src/simulation/invariants/nats/moves-bounded.js';
import { HoldersAgree } from '../../../../src/simulation/invariants/nats/holders-agree.js';
import { viaNats } from '../../../../src/actors/replication/messages.js';
import type { ServerId } from '../../../../src/protocol/place/ids.js';
import { Location } from '../../../../src/protocol/place/location.js';
import { bytesOf } from '../../../../src/protocol/text/bytes.js';
import { asClientId } from '../../../../src/protocol/place/ids.js';
import { leafOf, partitionOfLeaf } from '../../../../src/protocol/place/digest.js';
import { at, FakeRun, kiwiPartition, natsScenario } from './fake-run.js';

const [serverA, serverB, serverC] = ['A', 'B', 'C'] as ServerId[] as [ServerId, ServerId, ServerId];

describe('partitions-complete', () => {
  const run = (replicas: number, steps = ''): FakeRun => {
    const scenario = natsScenario(steps, replicas);
    const herd = new FakeRun(scenario, new PartitionsComplete(scenario, replicas));
    for (const server of herd.view.runningServers)
      herd.emit({ kind: 'members', server, members: [serverA, serverB, serverC] });
    return herd;
  };

  it('holds if each partition has as many complete holders as replicas', () => {
    const herd = run(2);
    herd.holdAll(['A', 'C']);
    herd.pass(60_000);
    expect(herd.texts).to.deep.equal([]);
  });

  it('is violated by too few, too many, one that is filling, and one that is leaving', () => {
    const texts = (change: (herd: FakeRun) => void): string[] => {
      const herd = run(2);
      herd.holdAll(['A', 'C']);
      change(herd);
      herd.pass(60_000);
      return herd.texts;
    };
    expect(texts((herd) => herd.hold('A', 'none', 7))).to.deep.equal(['partition 7 has 1 complete holders, not 2']);
    expect(texts((herd) => herd.hold('B', 'complete', 7))).to.deep.equal(['partition 7 has 3 complete holders, not 2']);
    expect(texts((herd) => herd.hold('B', 'filling', 7))).to.deep.equal(['partition 7 is still filling at B']);
    expect(texts((herd) => herd.hold('B', 'leaving', 7))).to.deep.equal(['partition 7 is still leaving at B']);
  });

  it('requires a holder on each member if there are more replicas, and does not count paused servers', () => {
    const herd = run(4);
    herd.holdAll(['A', 'B', 'C']);
    herd.pass(60_000);
    expect(herd.texts).to.deep.equal([]);
    herd.emit({ kind: 'paused', server: serverC });
    for (const server of [serverA, serverB]) herd.emit({ kind: 'members', server, members: [serverA, serverB] });
    herd.pass(60_000);
    expect(herd.texts).to.deep.equal([]);
  });

  it('is violated if a server knows other members than there are', () => {
    const herd = run(2);
    herd.holdAll(['A', 'C']);
    herd.emit({ kind: 'members', server: serverB, members: [serverA, serverB] });
    herd.pass(60_000);
    expect(herd.texts).to.deep.equal(['B knows the members A B, but they are A B C']);
  });

  it('is not checked until nothing has happened for the time to settle', () => {
    for (const steps of [
      '{ at: 50s, broker: down }',
      '{ at: 50s, leave: B }',
      '{ at: 1s, slow: { edge: [A, broker], delay: 1s } }',
    ]) {
      const herd = run(2, `steps: [${steps}]`);
      herd.pass(60_000);
      expect(herd.texts, steps).to.deep.equal([]);
    }
    const herd = run(2, 'steps: [{ at: 1s, cut: [A, broker] }, { at: 2s, heal: [A, broker] }]');
    herd.pass(60_000);
    expect(herd.texts).to.deep.equal(['partition 0 has 0 complete holders, not 2']);
  });
});

describe('moves-bounded', () => {
  /** The locations of some clients of kiwi's partition. */
  const locations: Location[] = [];
  for (let index = 0; locations.length < 40; index += 1) {
    const client = bytesOf(`phone-${index}`);
    if (partitionOfLeaf(leafOf(asClientId(client))) !== kiwiPartition) continue;
    locations.push(Location.ofLine(bytesOf(`AT A +0.100000000 ${client} +34.068930-118.445127 1700000001.000000000`)));
  }

  /** A and B are complete with those clients, and C fills the partition. */
  const run = (has: number): FakeRun => {
    const herd = new FakeRun(natsScenario(), new MovesBounded());
    herd.hold('A', 'complete');
    herd.hold('C', 'leaving');
    for (const location of locations) herd.emit({ kind: 'learned', server: serverA, location, from: undefined });
    for (const location of locations.slice(0, has))
      herd.emit({ kind: 'learned', server: serverC, location, from: viaNats });
    herd.hold('C', 'filling');
    return herd;
  };
  const page = (herd: FakeRun, count: number, from = serverA): void =>
    herd.emit({ kind: 'partition-page', server: serverC, partition: kiwiPartition, from, locations: count, bytes: 0 });

  it('holds if a server receives what it lacks, and is violated if it receives more', () => {
    const empty = run(0);
    page(empty, 40);
    page(empty, 20);
    expect(empty.texts).to.deep.equal([]);
    page(empty, 40, serverB);
    expect(empty.texts).to.deep.equal(['C fills partitions in which 40 locations differ, but received 100']);
    const full = run(40);
    page(full, 40);
    expect(full.texts).to.have.lengthOf(1);
  });

  it('counts each source for itself if there is no complete holder', () => {
    const herd = run(0);
    herd.hold('A', 'filling');
    herd.hold('C', 'filling');
    page(herd, 40);
    page(herd, 40, serverB);
    expect(herd.texts).to.deep.equal([]);
  });

  it('allows for reports during the fill, and begins anew with each', () => {
    const herd = run(40);
    for (const location of locations) herd.emit({ kind: 'learned', server: serverA, location, from: undefined });
    page(herd, 40);
    herd.hold('C', 'complete');
    page(herd, 40);
    herd.hold('C', 'filling');
    page(herd, 10);
    expect(herd.texts).to.deep.equal([]);
    page(herd, 1);
    expect(herd.texts).to.have.lengthOf(1);
  });
});

describe('holders-agree', () => {
  const run = (): FakeRun => {
    const herd = new FakeRun(natsScenario(), new HoldersAgree());
    herd.hold('A', 'complete');
    herd.hold('B', 'complete');
    herd.report(at('A', 1));
    herd.pass(1_000);
    herd.stored.set('A', at('A', 1)).set('B', at('A', 1));
    return herd;
  };

  it('holds if complete holders store the same, whatever others store', async () => {
    const herd = run();
    herd.stored.set('C', at('A', 0));
    expect(await herd.converge()).to.deep.equal([]);
  });

  it('is violated if one stores an older location, or none', async () => {
    const herd = run();
    herd.stored.set('B', at('A', 0));
    expect(await herd.converge()).to.deep.equal([
      `B stores ${at('A', 0).line}, but another complete holder stores ${at('A', 1).line}`,
    ]);
    herd.stored.delete('B');
    expect(await herd.converge()).to.have.lengthOf(1);
  });

  it('is violated if only the hashes of the partition differ', async () => {
    const herd = run();
    const bytes = Buffer.alloc(2_048);
    for (const server of ['A', 'B', 'C']) herd.digests.set(server, bytes.toString('base64url'));
    expect(await herd.converge()).to.deep.equal([]);
    bytes[8 * kiwiPartition + 7] = 1;
    herd.digests.set('C', bytes.toString('base64url'));
    expect(await herd.converge()).to.deep.equal([]);
    herd.digests.set('B', bytes.toString('base64url'));
    expect(await herd.converge()).to.deep.equal([
      `the hashes of partition ${kiwiPartition} of B and A differ, but their locations do not`,
    ]);
  });
});
