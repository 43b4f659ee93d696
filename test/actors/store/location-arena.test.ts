import { expect } from 'chai';
import { LocationArena } from '../../../src/actors/store/location-arena.js';
import { LocationBatch } from '../../../src/protocol/place/location-batch.js';
import { WordBuffer } from '../../../src/protocol/text/word-buffer.js';
import { createLocation } from '../../support/fake-location.js';

const moved = () => expect.fail('no cell is moved');

describe('LocationArena', () => {
  it('knows the client of a cell, also among IDs that begin alike', () => {
    const arena = new LocationArena(moved);
    const cell = arena.add(LocationBatch.of([createLocation('kiwi', 1)]), 0);
    const isOf = (client: string) => arena.isOf(cell, WordBuffer.of(client).view, 0, client.length);
    expect(isOf('kiwi')).to.equal(true);
    const line = 'kiwi +34.068930-118.445127 1';
    for (const other of ['k', 'kiw', 'kiwis', 'emus', 'Kiwi', line, `${line} and more`, `${line}${'.'.repeat(300)}`]) {
      expect(isOf(other), other).to.equal(false);
    }
  });

  it('keeps the links of a location that is replaced, in the same cell or in one of another size', () => {
    const arena = new LocationArena(moved);
    const cell = arena.add(LocationBatch.of([createLocation('kiwi', 1)]), 0);
    arena.setNext(cell, 7);
    arena.setPrevious(cell, 8);
    expect(arena.replace(cell, LocationBatch.of([createLocation('kiwi', 2)]), 0)).to.equal(cell);
    const larger = arena.replace(cell, LocationBatch.of([createLocation('kiwi'.padEnd(90, '.'), 3)]), 0);
    expect(larger).not.to.equal(cell);
    for (const each of [cell, larger]) expect([arena.next(each), arena.previous(each)]).to.deep.equal([7, 8]);
    expect(arena.location(cell).time).to.equal('2');
    expect(arena.location(larger).time).to.equal('3');
    arena.free(cell);
    expect(arena.location(larger).time).to.equal('3');
  });

  it('rejects a line that is too long for its cell', () => {
    const arena = new LocationArena(moved);
    const batch = LocationBatch.of([createLocation('k'.padEnd(8_388_608, '.'), 1)]);
    expect(() => arena.add(batch, 0)).to.throw(RangeError, 'bytes (at most 8388607)');
    expect(arena.usedBytes).to.equal(0);
  });
});
