import { expect } from 'chai';
import fc from 'fast-check';
import { ActiveClients } from '../../../src/runtime/time/active-clients.js';
import { AdaptiveWriteCoalescer } from '../../../src/runtime/time/write-coalescing.js';

describe('AdaptiveWriteCoalescer', () => {
  let nowMs: number;
  let activeClients: number;
  const coalescerOf = (denseGapMs: number) =>
    new AdaptiveWriteCoalescer(
      { denseGapMs, linkIntervalMs: 5, clientIntervalMs: 1 },
      () => activeClients,
      () => nowMs,
    );

  beforeEach(() => {
    nowMs = 1_000;
    activeClients = 0;
  });

  it('does not delay a single write to links, and delays a dense stream until it is due', () => {
    const coalescer = coalescerOf(1);
    expect(coalescer.remainingDelayMs(0)).to.equal(0);
    coalescer.recordWrite();
    nowMs += 0.5;
    expect(coalescer.remainingDelayMs(0)).to.equal(4.5);
    nowMs += 2;
    expect(coalescer.remainingDelayMs(0), 'it waits for the same moment').to.equal(2.5);
    nowMs += 2.5;
    expect(coalescer.remainingDelayMs(0)).to.equal(0);
    coalescer.recordWrite();
    nowMs += 1;
    expect(coalescer.remainingDelayMs(0), 'nothing came soon after the last write').to.equal(0);
  });

  it('does not delay the responses of a few clients, however fast they send', () => {
    const coalescer = coalescerOf(1);
    activeClients = 3;
    for (let write = 0; write < 10; write += 1) {
      expect(coalescer.remainingDelayMs(1)).to.equal(0);
      coalescer.recordWrite();
      nowMs += 0.01;
    }
  });

  it('combines the responses of many clients for a millisecond, or until most of them wait', () => {
    const coalescer = coalescerOf(1);
    activeClients = 64;
    expect(coalescer.remainingDelayMs(1), 'the last write was long ago').to.equal(0);
    coalescer.recordWrite();
    nowMs += 0.25;
    expect(coalescer.remainingDelayMs(1)).to.equal(0.75);
    expect(coalescer.remainingDelayMs(47)).to.equal(0.75);
    expect(coalescer.remainingDelayMs(48), 'most of them wait').to.equal(0);
    nowMs += 0.75;
    expect(coalescer.remainingDelayMs(1)).to.equal(0);
  });

  it('never returns a negative delay', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 20, noNaN: true }), fc.array(fc.nat(50)), (denseMs, passes) => {
        const coalescer = coalescerOf(denseMs);
        for (const passMs of passes) {
          activeClients = passMs;
          if (passMs % 3 === 0) coalescer.recordWrite();
          nowMs += passMs / 2;
          expect(coalescer.remainingDelayMs(passMs % 2)).to.be.within(0, 5);
        }
      }),
    );
  });
});

describe('ActiveClients', () => {
  it('counts each client once in ten to twenty milliseconds', () => {
    const clients = new ActiveClients();
    const [one, other] = [{ activeWindow: -1 }, { activeWindow: -1 }];
    for (let nowMs = 0; nowMs < 5; nowMs += 1) clients.record(one, nowMs);
    expect(clients.countAt(5)).to.equal(1);
    clients.record(other, 6);
    expect(clients.countAt(9)).to.equal(2);
    clients.record(one, 12);
    expect(clients.countAt(15), 'as many as in the last window').to.equal(2);
    expect(clients.countAt(25)).to.equal(1);
    expect(clients.countAt(60)).to.equal(0);
  });
});
