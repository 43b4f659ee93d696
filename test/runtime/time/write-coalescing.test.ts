import { expect } from 'chai';
import fc from 'fast-check';
import { DenseWriteCoalescer } from '../../../src/runtime/time/write-coalescing.js';

describe('DenseWriteCoalescer', () => {
  let nowMs: number;
  const paceOf = (denseGapMs: number, intervalMs: number) =>
    new DenseWriteCoalescer({ denseGapMs, intervalMs }, () => nowMs);

  beforeEach(() => {
    nowMs = 1_000;
  });

  it('does not delay a single write, and delays a dense stream until it is due', () => {
    const pace = paceOf(1, 5);
    expect(pace.remainingDelayMs()).to.equal(0);
    pace.recordWrite();
    nowMs += 0.5;
    expect(pace.remainingDelayMs()).to.equal(4.5);
    nowMs += 2;
    expect(pace.remainingDelayMs(), 'it waits for the same moment').to.equal(2.5);
    nowMs += 2.5;
    expect(pace.remainingDelayMs()).to.equal(0);
    pace.recordWrite();
    nowMs += 1;
    expect(pace.remainingDelayMs(), 'nothing came soon after the last write').to.equal(0);
  });

  it('never returns a negative delay', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 20, noNaN: true }), fc.array(fc.nat(50)), (denseMs, passes) => {
        const pace = paceOf(denseMs, 5);
        for (const passMs of passes) {
          if (passMs % 3 === 0) pace.recordWrite();
          nowMs += passMs / 2;
          expect(pace.remainingDelayMs()).to.be.within(0, 5);
        }
      }),
    );
  });
});
