import { expect } from 'chai';
import { defaultLimits } from '../../src/actors/limits.js';
import { memoryBoundBytes, memoryPartsOf, storeBytesWithin } from '../../src/runtime/memory-bound.js';

const alone = { neighbours: 0, tls: false, store: false, bucket: false, log: false };

describe('the bound of memory', () => {
  it('is the sum of its parts, each of which grows with what it is for', () => {
    const least = memoryBoundBytes(defaultLimits, alone);
    expect(memoryPartsOf(defaultLimits, alone).reduce((sum, { bytes }) => sum + bytes, 0)).to.equal(least);
    for (const more of [{ neighbours: 1 }, { tls: true }, { store: true }, { bucket: true }, { log: true }]) {
      expect(memoryBoundBytes(defaultLimits, { ...alone, ...more }), JSON.stringify(more)).to.be.above(least);
    }
    for (const limit of ['storeBytesMax', 'connectionsMax', 'backlogBytesInAllMax', 'pendingQueriesMax'] as const) {
      const limits = { ...defaultLimits, [limit]: 2 * defaultLimits[limit] };
      expect(memoryBoundBytes(limits, alone), limit).to.be.above(least);
    }
  });

  it('has twice the bytes of locations in it: the heap grows before it is collected', () => {
    const limits = { ...defaultLimits, storeBytesMax: defaultLimits.storeBytesMax + 1_000 };
    expect(memoryBoundBytes(limits, alone) - memoryBoundBytes(defaultLimits, alone)).to.equal(2_000);
  });

  it('has the servers of a process share half of its heap', () => {
    expect(storeBytesWithin(1_000, 1, 4_000)).to.equal(1_000);
    expect(storeBytesWithin(1_000, 2, 4_000)).to.equal(1_000);
    expect(storeBytesWithin(1_000, 5, 4_000)).to.equal(400);
  });
});
