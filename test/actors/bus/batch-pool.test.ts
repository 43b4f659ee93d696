import { expect } from 'chai';
import { BatchPool } from '../../../src/actors/bus/batch-pool.js';
import { WordBuffer } from '../../../src/protocol/text/word-buffer.js';
import { createLocation } from '../../support/fake-location.js';

describe('BatchPool', () => {
  const bus = { run: 0 };

  it('gives out different batches within a run of deliveries', () => {
    const pool = new BatchPool(bus);
    const [first, second] = [pool.acquire(), pool.acquire()];
    first.append(createLocation('kiwi', 1));
    second.append(createLocation('emu', 1));
    expect([first, second].map((batch) => Array.from(batch, ({ client }) => client))).to.deep.equal([
      ['kiwi'],
      ['emu'],
    ]);
  });

  it('uses batches again in the next run, in the same order and without their rows', () => {
    const pool = new BatchPool(bus);
    const used = [pool.acquire(), pool.acquire()];
    for (const batch of used) batch.append(createLocation('kiwi', 1));
    bus.run += 1;
    const again = [pool.acquire(), pool.acquire(), pool.acquire()];
    expect(again[0]).to.equal(used[0]);
    expect(again[1]).to.equal(used[1]);
    expect(used).to.not.include(again[2]);
    for (const batch of again) expect([batch.count, batch.end]).to.deep.equal([0, 0]);
  });

  it('gives out a batch of its own buffer, though it borrowed another before', () => {
    const pool = new BatchPool(bus);
    const { buffer } = pool.acquire().borrow(WordBuffer.of('the reader keeps it\n'));
    bus.run += 1;
    const batch = pool.acquire();
    batch.append(createLocation('emu', 1));
    expect(batch.buffer).to.not.equal(buffer);
    expect(buffer.text(0, buffer.size)).to.equal('the reader keeps it\n');
  });
});
