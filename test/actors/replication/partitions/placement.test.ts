import { expect } from 'chai';
import { Placement } from '../../../../src/actors/replication/partitions/placement.js';
import type { ServerId } from '../../../../src/protocol/place/ids.js';
import { allPartitions } from '../../../../src/protocol/place/partition-set.js';

const serversNamed = (...names: string[]): ServerId[] => names as ServerId[];
const ten = serversNamed('A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J');

function countHeld(placement: Placement, server: ServerId): number {
  return allPartitions.filter((partition) => placement.holders(partition).includes(server)).length;
}

describe('Placement', () => {
  it('[NA6] does not depend on the order of the members, nor on that of joins and leaves', () => {
    const placement = new Placement(3, ten);
    const reversed = new Placement(3, [...ten].reverse());
    const grown = new Placement(3, serversNamed('X', 'C'));
    grown.update(serversNamed('J', 'X', 'A'));
    grown.update(ten);
    for (const partition of allPartitions) {
      expect(reversed.holders(partition)).to.deep.equal(placement.holders(partition));
      expect(grown.holders(partition)).to.deep.equal(placement.holders(partition));
    }
  });

  it('selects as many different holders as there are replicas, or members', () => {
    for (const [replicas, expected] of [
      [1, 1],
      [3, 3],
      [64, 10],
      [Infinity, 10],
    ] as const) {
      const placement = new Placement(replicas, ten);
      for (const partition of allPartitions) expect(new Set(placement.holders(partition)).size).to.equal(expected);
    }
    expect(new Placement(2).holders(0)).to.deep.equal([]);
  });

  it('balances the partitions', () => {
    const placement = new Placement(2, ten);
    for (const server of ten) expect(countHeld(placement, server), server).to.be.within(25, 80);
  });

  it('[NA6] moves to a member that joins its share, and nothing else', () => {
    const before = new Placement(2, ten.slice(0, 9));
    const after = new Placement(2, ten);
    for (const partition of allPartitions) {
      const added = after.holders(partition).filter((server) => !before.holders(partition).includes(server));
      expect(added).to.deep.equal(after.holders(partition).includes('J' as ServerId) ? ['J'] : []);
    }
    expect(countHeld(after, 'J' as ServerId)).to.be.within(25, 80);
  });

  it('[NA6] moves only what a member that leaves held', () => {
    const before = new Placement(2, ten);
    const after = new Placement(2, ten.slice(0, 9));
    for (const partition of allPartitions) {
      const kept = before.holders(partition).filter((server) => server !== 'J');
      expect(after.holders(partition).slice(0, kept.length)).to.deep.equal(kept);
      if (kept.length === 2) expect(after.holders(partition)).to.deep.equal(kept);
    }
  });

  it('tells whether the members have changed', () => {
    const placement = new Placement(2, ten);
    expect(placement.update([...ten].reverse())).to.equal(false);
    expect(placement.update(ten.slice(1))).to.equal(true);
    expect(placement.update(ten)).to.equal(true);
  });
});
