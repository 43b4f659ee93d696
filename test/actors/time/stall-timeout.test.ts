import { expect } from 'chai';
import { StallTimeout } from '../../../src/actors/time/stall-timeout.js';
import { VirtualClock } from '../../../src/simulation/time/virtual-clock.js';

describe('StallTimeout', () => {
  let clock: VirtualClock;
  let waiting: number;
  let stalls: number;
  let watch: StallTimeout;

  beforeEach(() => {
    clock = new VirtualClock();
    waiting = 1_000;
    stalls = 0;
    const outputBuffer = { bytes: () => waiting, maxBytes: 100 };
    watch = new StallTimeout(60, outputBuffer, (delayMs) => {
      const timer = clock.setTimeout(() => {
        if (watch.check()) stalls += 1;
      }, delayMs);
      return () => clock.clearTimeout(timer);
    });
  });

  it('fires once when nothing is read', () => {
    watch.start();
    clock.advance(59);
    expect(stalls).to.equal(0);
    clock.advance(1);
    expect(stalls).to.equal(1);
    clock.advance(1_000);
    expect(stalls).to.equal(1);
  });

  it('does not fire during slow progress', () => {
    watch.start();
    for (let time = 1; time <= 5; time += 1) {
      waiting -= 1;
      clock.advance(60);
    }
    expect(stalls).to.equal(0);
    clock.advance(60);
    expect(stalls).to.equal(1);
  });

  it('does not fire when little is buffered, and is not armed any more', () => {
    watch.start();
    waiting = 100;
    clock.advance(60);
    expect(stalls).to.equal(0);
    expect(clock.armedTimerCount).to.equal(0);
  });

  it('counts from its first start', () => {
    watch.start();
    clock.advance(40);
    watch.start();
    clock.advance(20);
    expect(stalls).to.equal(1);
  });

  it('does not fire when it is stopped', () => {
    watch.start();
    watch.stop();
    clock.advance(1_000);
    expect(stalls).to.equal(0);
    expect(clock.armedTimerCount).to.equal(0);
  });
});
