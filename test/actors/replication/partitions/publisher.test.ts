import { expect } from 'chai';
import { Publisher } from '../../../../src/actors/replication/partitions/publisher.js';
import { leafOf, partitionOfLeaf } from '../../../../src/protocol/place/digest.js';
import { asClientId, type ServerId } from '../../../../src/protocol/place/ids.js';
import { LocationBatch } from '../../../../src/protocol/place/location-batch.js';
import { createLocation, toServerId } from '../../../support/fake-location.js';

const [blake, clark] = [toServerId('Blake'), toServerId('Clark')];
const partition = partitionOfLeaf(leafOf(asClientId('kiwi')));
const partitions = new Set([partition]);
const locations = [1, 2, 3, 4, 5].map((seconds) => createLocation('kiwi', seconds));
const lines = locations.map(({ line }) => `${line}\n`);
const [first = ''] = lines;

describe('Publisher', () => {
  let payloads: string[];
  let steps: string[];
  let isHeld: boolean;
  let holders: ServerId[];
  let publisher: Publisher;

  beforeEach(() => {
    payloads = [];
    steps = [];
    isHeld = false;
    holders = [blake, clark];
    publisher = new Publisher({
      self: { server: toServerId('Alford'), run: 'r1' },
      publish: (_, payload) => payloads.push(payload.toString('latin1')),
      holds: () => isHeld,
      completeHolders: () => holders,
      rotate: () => steps.push('rotate'),
      republish: (toRepublish) => steps.push(`republish ${[...toRepublish].join()}`),
    });
  });

  const publish = (count = 1, maxBytes: number | undefined = 10_000): void =>
    publisher.publish(LocationBatch.of(locations.slice(0, count)), maxBytes);
  const publishOffline = (): void => publisher.publish(LocationBatch.of(locations), undefined);
  const confirm = (server: ServerId, sequence: number, run = 'r1'): void =>
    publisher.confirm({ kind: 'CONFIRM', server, run, confirmed: [[partition, sequence]] });
  const confirmAll = (sequence: number): void => {
    for (const holder of holders) confirm(holder, sequence);
  };
  const republishAll = (): void => {
    publisher.beginRepublishing(partitions);
    publisher.republish(LocationBatch.of(locations.slice(0, 1)), 10_000);
    publisher.endRepublishing(partitions);
  };
  /** Returns what some ticks do. */
  const tick = (count = 1): string[] => {
    steps.length = 0;
    for (let index = 0; index < count; index += 1) publisher.tick();
    return [...steps];
  };

  it('[NA2] [NA7] counts the publications of a partition, and cuts them at the maximum size', () => {
    publish(5, 2 * first.length);
    expect(payloads).to.deep.equal([
      `PUB Alford r1 1 0\n${lines.slice(0, 2).join('')}`,
      `PUB Alford r1 2 0\n${lines.slice(2, 4).join('')}`,
      `PUB Alford r1 3 0\n${lines.slice(4).join('')}`,
    ]);
    publish(2, first.length - 1);
    expect(payloads.slice(3)).to.deep.equal([`PUB Alford r1 4 0\n${lines[0]}`, `PUB Alford r1 5 0\n${lines[1]}`]);
  });

  it('counts each partition for itself', () => {
    const other = createLocation('emu', 1);
    publisher.publish(LocationBatch.of([...locations.slice(0, 1), other, ...locations.slice(1, 2)]), 10_000);
    expect(payloads).to.deep.equal([`PUB Alford r1 1 0\n${lines[0]}${lines[1]}`, `PUB Alford r1 1 0\n${other.line}\n`]);
  });

  it('publishes without a floor as a holder, and retains nothing', () => {
    isHeld = true;
    publish();
    expect(payloads).to.deep.equal([`PUB Alford r1 1 -\n${first}`]);
    expect(publisher.hasUnconfirmed).to.equal(false);
    expect(tick(4)).to.deep.equal([]);
    isHeld = false;
    publish();
    expect(payloads.slice(1)).to.deep.equal([`PUB Alford r1 2 1\n${first}`]);
  });

  it('[NA8] drops the older generation when all complete holders have confirmed it', () => {
    publish();
    expect(tick()).to.deep.equal(['rotate']);
    publish();
    confirm(blake, 2);
    expect(tick()).to.deep.equal([]);
    confirm(clark, 1);
    expect(publisher.hasUnconfirmed).to.equal(true);
    expect(tick()).to.deep.equal(['rotate']);
    expect(tick()).to.deep.equal([]);
    confirm(clark, 2);
    expect(publisher.hasUnconfirmed).to.equal(false);
    expect(tick()).to.deep.equal(['rotate']);
    expect(tick()).to.deep.equal([]);
  });

  it('raises the floor to what all complete holders have confirmed', () => {
    publish(3, first.length);
    confirm(blake, 3);
    publish();
    confirm(clark, 2);
    publish();
    expect(payloads.slice(3)).to.deep.equal([`PUB Alford r1 4 0\n${first}`, `PUB Alford r1 5 2\n${first}`]);
  });

  it('counts nothing as confirmed without a complete holder, or after it has gone or started again', () => {
    holders = [];
    publish();
    confirm(blake, 1);
    expect(publisher.hasUnconfirmed).to.equal(true);
    holders = [blake];
    expect(publisher.hasUnconfirmed).to.equal(false);
    confirm(blake, 0, 'r2');
    expect(publisher.hasUnconfirmed).to.equal(true);
    confirm(blake, 1, 'r2');
    expect(publisher.hasUnconfirmed).to.equal(false);
    publisher.forget(blake);
    expect(publisher.hasUnconfirmed).to.equal(true);
  });

  it('ignores a confirmation of what it has not published', () => {
    publish();
    confirmAll(2);
    expect(publisher.hasUnconfirmed).to.equal(true);
  });

  it('[NA8] publishes again after three ticks what is not confirmed, then after six', () => {
    publish();
    tick();
    expect(tick(2)).to.deep.equal([]);
    expect(tick()).to.deep.equal([`republish ${partition}`]);
    republishAll();
    expect(payloads.slice(1)).to.deep.equal([`PUB Alford r1 2 1\n${first}`]);
    expect(tick(5)).to.deep.equal([]);
    expect(tick()).to.deep.equal([`republish ${partition}`]);
    republishAll();
    confirmAll(3);
    expect(tick()).to.deep.equal(['rotate']);
    publish();
    tick();
    expect(tick(3)).to.deep.equal([`republish ${partition}`]);
  });

  it('[NA8] drops nothing while it publishes again', () => {
    publish();
    tick();
    publisher.beginRepublishing(partitions);
    confirmAll(1);
    expect(publisher.hasUnconfirmed).to.equal(true);
    expect(tick(4)).to.deep.equal([]);
    publisher.republish(LocationBatch.of(locations.slice(0, 1)), 10_000);
    confirmAll(2);
    expect(tick(4)).to.deep.equal([]);
    publisher.endRepublishing(partitions);
    expect(tick()).to.deep.equal(['rotate']);
  });

  it('tells the holders that nothing is missing if nothing was left to publish again', () => {
    publisher.beginRepublishing(partitions);
    publisher.endRepublishing(partitions);
    expect(payloads).to.deep.equal([]);
    publish();
    publisher.beginRepublishing(partitions);
    publisher.endRepublishing(partitions);
    expect(payloads.slice(1)).to.deep.equal(['PUB Alford r1 2 1\n']);
  });

  it('retains reports without a session until they were published', () => {
    publishOffline();
    confirmAll(0);
    expect(payloads).to.deep.equal([]);
    expect(publisher.hasUnconfirmed).to.equal(true);
    republishAll();
    expect(payloads).to.deep.equal([`PUB Alford r1 1 0\n${first}`]);
    expect(publisher.hasUnconfirmed).to.equal(true);
    confirmAll(1);
    expect(publisher.hasUnconfirmed).to.equal(false);
  });
});
