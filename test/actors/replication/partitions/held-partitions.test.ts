import { expect } from 'chai';
import { HeldPartitions } from '../../../../src/actors/replication/partitions/held-partitions.js';
import { Members } from '../../../../src/actors/replication/partitions/members.js';
import { Placement } from '../../../../src/actors/replication/partitions/placement.js';
import type { ServerId } from '../../../../src/protocol/place/ids.js';
import { allPartitions, PartitionSet } from '../../../../src/protocol/place/partition-set.js';
import { natsProtocolVersion } from '../../../../src/protocol/nats/messages.js';
import { fixedRandom } from '../../../support/fixed-random.js';
import { toServerId } from '../../../support/fake-location.js';

const [self, blake, clark] = [toServerId('Alford'), toServerId('Blake'), toServerId('Clark')];
const heartbeatMs = 1_000;
/** A partition that Blake and Clark are to hold, and not this server, if there are two replicas. */
const partition = findPartition();

function findPartition(): number {
  const placement = new Placement(2, [self, blake, clark]);
  return allPartitions.find((each) => !placement.holders(each).includes(self)) ?? -1;
}

describe('HeldPartitions', () => {
  let members: Members;
  let placement: Placement;
  let held: HeldPartitions;
  /** What was requested, and the states, of `partition`. */
  let requests: string[];
  let states: string[];

  beforeEach(() => {
    members = new Members();
    placement = new Placement(2, [self]);
    requests = [];
    states = [];
    held = new HeldPartitions({
      self,
      members,
      placement,
      random: fixedRandom,
      heartbeatMs,
      compare: (server, partitions, purpose) => {
        if (partitions.includes(partition)) requests.push(`${purpose} ${server}`);
      },
      changed: (changed, state) => {
        if (changed === partition) states.push(state);
      },
    });
    held.beginSession(0);
  });

  /** A member announces whether it holds `partition`. */
  const announce = (server: ServerId, state: 'none' | 'filling' | 'complete', run = 'r1'): void => {
    const [holding, complete] = [new PartitionSet(), new PartitionSet()];
    holding.set(partition, state !== 'none');
    complete.set(partition, state === 'complete');
    const sender = { server, run, version: natsProtocolVersion, replicas: 2, isLeaving: false };
    members.record({ kind: 'PRESENCE', ...sender, held: holding, complete }, 0);
  };
  /** Updates; returns what was requested. */
  const update = (nowMs: number): string[] => {
    requests.length = 0;
    held.update(nowMs);
    return [...requests];
  };
  const synchronized = (server: ServerId): void => held.synchronized(partition, server);
  const isComplete = (): boolean => held.complete.has(partition);
  /** The server has all partitions, and others join that are to hold some. */
  const loseToOthers = (): void => {
    update(3 * heartbeatMs);
    announce(blake, 'complete');
    announce(clark, 'filling');
    placement.update([self, blake, clark]);
  };

  it('[NA10] fills a partition from a complete holder, and compares again after a heartbeat', () => {
    announce(blake, 'complete');
    announce(clark, 'filling');
    expect(update(0)).to.deep.equal(['ask Blake']);
    synchronized(blake);
    expect(update(999)).to.deep.equal([]);
    expect(isComplete()).to.equal(false);
    expect(update(1_000)).to.deep.equal(['sync Blake']);
    synchronized(blake);
    expect(isComplete()).to.equal(true);
    expect(states).to.deep.equal(['filling', 'complete']);
    expect(update(2_000)).to.deep.equal([]);
  });

  it('[NA10] does not complete a partition by a comparison that began before the heartbeat was over', () => {
    announce(blake, 'complete');
    update(0);
    synchronized(blake);
    announce(blake, 'complete', 'r2');
    expect(update(999)).to.deep.equal(['ask Blake']);
    expect(update(1_500)).to.deep.equal([]);
    synchronized(blake);
    expect(isComplete()).to.equal(false);
    expect(update(1_500)).to.deep.equal(['sync Blake']);
  });

  it('does not complete a partition by comparing with a holder that is no longer complete, or was not asked', () => {
    announce(blake, 'complete');
    announce(clark, 'complete');
    expect(update(0)).to.deep.equal(['ask Blake']);
    synchronized(blake);
    expect(update(1_000)).to.deep.equal(['sync Blake']);
    synchronized(clark);
    expect(isComplete()).to.equal(false);
    announce(blake, 'filling');
    synchronized(blake);
    expect(isComplete()).to.equal(false);
  });

  it('asks another server after a time without pages, or when the one that was asked has gone', () => {
    announce(blake, 'complete');
    expect(update(1_000)).to.deep.equal(['ask Blake']);
    held.touch(partition, blake, 5_000);
    expect(update(9_999)).to.deep.equal([]);
    expect(update(10_000)).to.deep.equal(['sync Blake']);
    members.remove(blake, 'r1');
    announce(clark, 'complete');
    expect(update(10_001)).to.deep.equal(['sync Clark']);
  });

  it('[NA11] completes partitions after three heartbeats alone', () => {
    update(0);
    expect(held.filling).to.equal(256);
    update(2_999);
    expect(held.complete.size).to.equal(0);
    expect(held.isBusy).to.equal(true);
    update(3_000);
    expect(held.complete.size).to.equal(256);
    expect(held.isBusy).to.equal(false);
  });

  it('[NA11] compares with all holders first if none is complete', () => {
    announce(blake, 'filling');
    announce(clark, 'filling');
    expect(update(999)).to.deep.equal([]);
    expect(update(1_000)).to.deep.equal(['sync Blake']);
    synchronized(blake);
    expect(update(3_000)).to.deep.equal(['sync Clark']);
    expect(isComplete()).to.equal(false);
    synchronized(clark);
    announce(blake, 'filling', 'r2');
    expect(update(3_001)).to.deep.equal(['sync Blake']);
    synchronized(blake);
    expect(isComplete()).to.equal(false);
    expect(update(3_002)).to.deep.equal([]);
    expect(isComplete()).to.equal(true);
  });

  it('[NA12] hands a partition over only when all that are to hold it are complete', () => {
    update(0);
    loseToOthers();
    expect(update(4_000)).to.deep.equal([]);
    expect(states).to.deep.equal(['filling', 'complete', 'leaving']);
    expect(held.isLeavingPartition(partition)).to.equal(true);
    held.handedOver(partition, blake);
    expect(held.held.has(partition)).to.equal(true);
    announce(clark, 'complete');
    const [request = ''] = update(5_000);
    expect(request).to.match(/^handover (Blake|Clark)$/);
    const asked = request.endsWith('Blake') ? blake : clark;
    held.handedOver(partition, asked === blake ? clark : blake);
    expect(held.held.has(partition)).to.equal(true);
    held.handedOver(partition, asked);
    expect(held.held.has(partition)).to.equal(false);
    expect(states.at(-1)).to.equal('none');
  });

  it('keeps a partition that it is to hold again', () => {
    update(0);
    loseToOthers();
    announce(clark, 'complete');
    expect(update(4_000)).to.have.length(1);
    placement.update([self]);
    update(4_001);
    for (const server of [blake, clark]) held.handedOver(partition, server);
    expect(states).to.deep.equal(['filling', 'complete', 'leaving', 'complete']);
  });

  it('[NA13] hands everything over when it leaves', () => {
    update(0);
    update(3_000);
    held.leave();
    update(3_001);
    expect(held.leaving).to.equal(256);
    expect(states.at(-1)).to.equal('leaving');
  });

  it('keeps a restored partition for others', () => {
    placement.update([blake, clark]);
    held.keepRestored(partition, 0);
    expect(held.leaving).to.equal(1);
    announce(blake, 'complete');
    announce(clark, 'complete');
    expect(update(0)).to.have.length(1);
  });

  it('[NA14] fills everything again in a new session', () => {
    update(0);
    update(3_000);
    held.beginSession(10_000);
    expect(held.complete.size).to.equal(0);
    expect(states).to.deep.equal(['filling', 'complete', 'filling']);
    update(12_999);
    expect(isComplete()).to.equal(false);
    update(13_000);
    expect(isComplete()).to.equal(true);
  });
});
