import { expect } from 'chai';
import { ReceivedPublications } from '../../../../src/actors/replication/partitions/received-publications.js';
import { toServerId } from '../../../support/fake-location.js';

const partition = 7;
const [blake, clark] = [toServerId('Blake'), toServerId('Clark')];

describe('ReceivedPublications', () => {
  let received: ReceivedPublications;

  beforeEach(() => {
    received = new ReceivedPublications();
  });

  /** Records a publication; its floor is undefined if the publisher holds the partition. */
  const record = (sequence: number, floor?: number, { server = blake, run = 'r1', isFilling = false } = {}): boolean =>
    received.record({ kind: 'PUB', server, run, sequence, floor }, partition, isFilling);
  const missing = (): string[] => [...received.missing()].map(({ server, from }) => `${server} ${from}`);
  const takeUnconfirmed = (): unknown[] => [...received.takeUnconfirmed()];

  it('[NA9] notices a gap after a publication of a holder, until it is repaired', () => {
    expect(record(5)).to.equal(false);
    expect(record(6)).to.equal(false);
    expect(received.isMissing(partition)).to.equal(false);
    expect(record(8)).to.equal(true);
    expect(record(9)).to.equal(false);
    expect(missing()).to.deep.equal(['Blake holder']);
    expect(received.isMissing(partition)).to.equal(true);
    expect(received.isMissing(partition + 1)).to.equal(false);
    received.repair(blake, partition);
    expect(received.isMissing(partition)).to.equal(false);
    expect(record(10)).to.equal(false);
    expect(record(12)).to.equal(true);
  });

  it('does not count a publication of a holder as missing while the partition is being filled', () => {
    record(5);
    expect(record(8, undefined, { isFilling: true })).to.equal(false);
    expect(record(9)).to.equal(false);
  });

  it('counts all publications after the floor as missing, even at first and while filling', () => {
    expect(record(3, 0, { isFilling: true })).to.equal(true);
    expect(missing()).to.deep.equal(['Blake publisher']);
    expect(record(4, 2)).to.equal(false);
    expect(record(5, 4)).to.equal(true);
    expect(missing()).to.deep.equal([]);
    expect(record(9, 8)).to.equal(false);
  });

  it('confirms what it has up to the first gap, once', () => {
    record(1, 0);
    record(2, 0);
    record(4, 0);
    record(1, undefined, { server: clark });
    expect(takeUnconfirmed()).to.deep.equal([{ server: 'Blake', confirmed: [[partition, 2]] }]);
    expect(takeUnconfirmed()).to.deep.equal([]);
    record(5, 4);
    expect(takeUnconfirmed()).to.deep.equal([{ server: 'Blake', confirmed: [[partition, 5]] }]);
  });

  it('counts the publishers of which a publication is missing', () => {
    expect(record(2, 0)).to.equal(true);
    expect(record(2, 0, { server: clark })).to.equal(false);
    received.forget(blake);
    expect(received.isMissing(partition)).to.equal(true);
    received.repair(clark, partition);
    expect(received.isMissing(partition)).to.equal(false);
  });

  it('begins anew with another run of the publisher', () => {
    record(2, 0);
    expect(record(1, 0, { run: 'r2' })).to.equal(true);
    expect(received.isMissing(partition)).to.equal(false);
    expect(takeUnconfirmed()).to.deep.equal([{ server: 'Blake', confirmed: [[partition, 1]] }]);
  });

  it('forgets a partition that is not subscribed to, or everything', () => {
    for (const forget of [() => received.forgetPartition(partition), () => received.clear()]) {
      record(2, 0);
      forget();
      expect(missing()).to.deep.equal([]);
      expect(received.isMissing(partition)).to.equal(false);
      expect(takeUnconfirmed()).to.deep.equal([]);
      expect(record(9)).to.equal(false);
      forget();
    }
  });
});
