import { expect } from 'chai';
import { LocationBatch } from '../../../src/protocol/place/location-batch.js';
import { SharedLocations } from '../../../src/simulation/virtual/shared-locations.js';
import { createLocation } from '../../support/fake-location.js';

describe('SharedLocations', () => {
  it('returns one object for a line, whichever batch it comes in', () => {
    const shared = new SharedLocations();
    const [kiwi, plum] = [createLocation('kiwi', 1), createLocation('plum', 1)];
    const location = shared.locationOf(LocationBatch.of([kiwi]), 0);
    expect(location.line).to.equal(kiwi.line);
    expect(shared.locationOf(LocationBatch.of([plum, kiwi]), 1)).to.equal(location);
  });

  it('confuses no lines, although many share a place', () => {
    const shared = new SharedLocations();
    const locations = Array.from({ length: 5_000 }, (_, second) => createLocation(`phone-${second % 7}`, second));
    for (let round = 0; round < 2; round += 1) {
      const batch = LocationBatch.of(locations);
      for (const [row, { line }] of locations.entries()) expect(shared.locationOf(batch, row).line).to.equal(line);
    }
  });
});
