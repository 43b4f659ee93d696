import { expect } from 'chai';
import { readStamp } from '../../bench/load/watchers.js';

describe('readStamp', () => {
  const line = 'AT Metta +0.1 phone0000001 +34.068930-118.445127 1700000000.000000042';

  it('reads the stamp of a report of the same job', () => {
    expect(readStamp(line, 1_700_000_000)).to.equal(42);
  });

  it('ignores reports of another job, and times without a stamp', () => {
    expect(readStamp(line, 1_700_000_001)).to.equal(undefined);
    expect(readStamp('AT Metta +0.1 phone0000001 +1+1 1700000000', 1_700_000_000)).to.equal(undefined);
  });
});
