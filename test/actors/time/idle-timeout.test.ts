import { expect } from 'chai';
import { IdleTimeout } from '../../../src/actors/time/idle-timeout.js';
import { VirtualClock } from '../../../src/simulation/time/virtual-clock.js';

describe('[CO8] IdleTimeout', () => {
  let clock: VirtualClock;
  let watch: IdleTimeout;
  let idle: number;
  let mayRest: boolean;

  beforeEach(() => {
    clock = new VirtualClock();
    idle = 0;
    mayRest = false;
    clock.advance(12_345);
    watch = new IdleTimeout(clock, 60_000, (delayMs) => {
      const timer = clock.setTimeout(() => {
        if (watch.check(mayRest)) idle += 1;
      }, delayMs);
      return () => clock.clearTimeout(timer);
    });
  });

  it('fires once after the timeout without activity', () => {
    clock.advance(59_999);
    expect(idle).to.equal(0);
    clock.advance(1);
    expect(idle).to.equal(1);
    clock.advance(600_000);
    expect(idle).to.equal(1);
    expect(clock.armedTimerCount).to.equal(0);
  });

  it('counts from the last activity, with one timer', () => {
    for (let second = 0; second < 300; second += 1) {
      clock.advance(1_000);
      watch.touch();
      expect(clock.armedTimerCount).to.equal(1);
    }
    clock.advance(59_999);
    expect(idle).to.equal(0);
    clock.advance(1);
    expect(idle).to.equal(1);
  });

  it('does not fire while it is exempt, and counts from there', () => {
    mayRest = true;
    clock.advance(600_000);
    mayRest = false;
    clock.advance(59_999);
    expect(idle).to.equal(0);
    clock.advance(1);
    expect(idle).to.equal(1);
  });

  it('does not fire after it is stopped', () => {
    watch.stop();
    clock.advance(600_000);
    expect(idle).to.equal(0);
    expect(clock.armedTimerCount).to.equal(0);
  });
});
