import { expect } from 'chai';
import { BucketWrites } from '../../../../src/actors/replication/nats/bucket-writes.js';
import { asClientId } from '../../../../src/protocol/place/ids.js';
import { createLocation } from '../../../support/fake-location.js';

describe('BucketWrites', () => {
  it('gives up the one that has waited longest, and has no more than so many on their way', () => {
    const writes = new BucketWrites(1);
    for (const name of ['kiwi', 'emu', 'emu', 'moa']) writes.add(createLocation(name, 1));
    expect(writes.dropOldest()?.client).to.equal('kiwi');
    expect([writes.take(), writes.take()].map((write) => write?.location.client)).to.deep.equal(['emu', undefined]);
    expect([writes.size, writes.queued]).to.deep.equal([2, 1]);
  });

  it('knows the newest of a client that waits, is on its way, or is to follow', () => {
    const writes = new BucketWrites(10);
    const newest = () => writes.newestOf(asClientId('kiwi'));
    expect(newest()).to.equal(undefined);
    writes.add(createLocation('kiwi', 2));
    expect(newest()).to.deep.equal(createLocation('kiwi', 2));
    const write = writes.take();
    expect(newest()).to.deep.equal(createLocation('kiwi', 2));
    writes.add(createLocation('kiwi', 3));
    writes.add(createLocation('kiwi', 1));
    expect(newest()).to.deep.equal(createLocation('kiwi', 3));
    if (write !== undefined) writes.complete(write);
    expect(newest()).to.deep.equal(createLocation('kiwi', 3));
  });

  it('gives everything back that is on its way', () => {
    const writes = new BucketWrites(10);
    for (const location of [createLocation('kiwi', 1), createLocation('emu', 1)]) writes.add(location);
    writes.take();
    writes.add(createLocation('kiwi', 2));
    expect(writes.takeAll()).to.have.deep.members([createLocation('kiwi', 2), createLocation('emu', 1)]);
    expect(writes.size).to.equal(0);
  });
});
