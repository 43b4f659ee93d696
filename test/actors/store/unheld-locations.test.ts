import { expect } from 'chai';
import { UnheldLocations, type RetainedCursor } from '../../../src/actors/store/unheld-locations.js';
import { allClients } from '../../../src/protocol/client/command.js';
import { leafOf, partitionOfLeaf } from '../../../src/protocol/place/digest.js';
import { asClientId } from '../../../src/protocol/place/ids.js';
import { LocationBatch } from '../../../src/protocol/place/location-batch.js';
import { createLocation } from '../../support/fake-location.js';
import { fixedRandom } from '../../support/fixed-random.js';

const kiwi = asClientId('kiwi');
const emu = asClientId('emu');

describe('UnheldLocations', () => {
  let unheld: UnheldLocations;

  beforeEach(() => {
    unheld = new UnheldLocations(fixedRandom);
  });

  const batchOf = (client: string, seconds: number): LocationBatch =>
    LocationBatch.of([createLocation(client, seconds)]);
  const report = (client: string, seconds: number): boolean => unheld.report(batchOf(client, seconds), 0);
  const observe = (client: string, seconds: number): boolean => unheld.observe(batchOf(client, seconds), 0);
  const secondsOf = (client = kiwi): number | undefined => unheld.get(client)?.effective.seconds;
  /** Returns the retained reports, in pages of one. */
  const retained = (): string[] => {
    const all: string[] = [];
    for (let cursor: RetainedCursor | undefined = { generation: 0, place: 0 }; cursor !== undefined;) {
      const page: ReturnType<UnheldLocations['page']> = unheld.page(cursor, 1);
      all.push(...page.locations.map(({ client, effective }) => `${client} ${effective.seconds}`));
      cursor = page.next;
    }
    return all;
  };

  it('retains newer reports only', () => {
    expect(report('kiwi', 5)).to.equal(true);
    expect(report('kiwi', 5)).to.equal(false);
    expect(report('kiwi', 4)).to.equal(false);
    expect(secondsOf()).to.equal(5);
    expect(report('kiwi', 6)).to.equal(true);
    expect(retained()).to.deep.equal(['kiwi 6']);
  });

  it('[NA8] drops what was reported before the last rotation but one', () => {
    report('kiwi', 5);
    report('emu', 5);
    unheld.rotate();
    expect(report('kiwi', 4)).to.equal(false);
    expect(report('kiwi', 6)).to.equal(true);
    const [first, second, ...younger] = retained();
    expect([first, second]).to.have.members(['kiwi 5', 'emu 5']);
    expect(younger).to.deep.equal(['kiwi 6']);
    expect(secondsOf()).to.equal(6);
    unheld.rotate();
    expect(retained()).to.deep.equal(['kiwi 6']);
    expect(unheld.get(emu)).to.equal(undefined);
    unheld.rotate();
    expect(unheld.size).to.equal(0);
  });

  it('stores locations from other servers of watched clients only, if they are newer', () => {
    expect(observe('kiwi', 5)).to.equal(false);
    expect(secondsOf()).to.equal(undefined);
    unheld.watch(kiwi, undefined);
    expect(observe('kiwi', 5)).to.equal(true);
    expect(observe('kiwi', 5)).to.equal(false);
    expect(observe('emu', 5)).to.equal(false);
    expect(report('kiwi', 5)).to.equal(false);
    expect(report('kiwi', 6)).to.equal(true);
    expect(observe('kiwi', 6)).to.equal(false);
    expect(retained()).to.deep.equal(['kiwi 6']);
  });

  it('remembers what subscribers were sent of a report that was dropped', () => {
    unheld.watch(kiwi, undefined);
    report('kiwi', 6);
    unheld.rotate();
    unheld.rotate();
    expect(retained()).to.deep.equal([]);
    expect(observe('kiwi', 5)).to.equal(false);
    expect(observe('kiwi', 7)).to.equal(true);
  });

  it('remembers what the first subscriber was sent', () => {
    unheld.watch(kiwi, createLocation('kiwi', 5));
    expect(observe('kiwi', 4)).to.equal(false);
    expect(secondsOf()).to.equal(5);
  });

  it('forgets a client that is not watched any more', () => {
    unheld.watch(kiwi, undefined);
    unheld.watch(emu, undefined);
    observe('kiwi', 5);
    observe('emu', 5);
    unheld.unwatch(kiwi);
    expect(secondsOf()).to.equal(undefined);
    expect(secondsOf(emu)).to.equal(5);
    expect(observe('kiwi', 6)).to.equal(false);
    unheld.unwatch(emu);
    expect(unheld.isWatching).to.equal(false);
    expect(unheld.size).to.equal(0);
  });

  it('watches all clients, and afterwards those that are still watched', () => {
    unheld.watch(allClients, undefined);
    unheld.watch(kiwi, undefined);
    expect(observe('kiwi', 5)).to.equal(true);
    expect(observe('emu', 5)).to.equal(true);
    unheld.unwatch(allClients);
    expect(secondsOf()).to.equal(5);
    expect(secondsOf(emu)).to.equal(undefined);
    expect(observe('emu', 6)).to.equal(false);
  });

  it('[LO5] evicts watched locations first, then reports that were received before a time', () => {
    report('emu', 5);
    unheld.watch(kiwi, undefined);
    observe('kiwi', 9);
    const at = (seconds: number) => ({ seconds, nanoseconds: 0 });
    expect(unheld.evictOne(at(1))).to.equal(true);
    expect(secondsOf()).to.equal(undefined);
    expect(unheld.evictOne(at(5))).to.equal(false);
    expect(unheld.evictOne(at(6))).to.equal(true);
    expect(unheld.evictOne(undefined)).to.equal(false);
    unheld.unwatch(kiwi);
    report('emu', 5);
    unheld.rotate();
    report('kiwi', 5);
    expect(unheld.evictOne(undefined)).to.equal(true);
    expect(retained()).to.deep.equal(['kiwi 5']);
  });

  it('collects the locations of a partition', () => {
    report('kiwi', 5);
    report('emu', 5);
    unheld.rotate();
    report('kiwi', 6);
    const batch = new LocationBatch();
    unheld.collect(partitionOfLeaf(leafOf(kiwi)), batch);
    const collected = Array.from({ length: batch.count }, (_, row) => batch.location(row));
    expect(collected.map(({ client, effective }) => `${client} ${effective.seconds}`)).to.have.members([
      'kiwi 5',
      'kiwi 6',
    ]);
    expect(unheld.bytes).to.be.above(0);
  });
});
