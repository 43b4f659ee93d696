import { expect } from 'chai';
import { StallWatch } from '../../../src/actors/time/stall-timeout.js';
import { VirtualClock } from '../../../src/simulation/time/virtual-clock.js';

describe('StallWatch', () => {
  let clock: VirtualClock;
  let waiting: number;
  let stalls: number;
  let watch: StallWatch;

  beforeEach(() => {
    clock = new VirtualClock();
    waiting = 1_000;
    stalls = 0;
    const backlog = { bytes: () => waiting, bytesMax: 100 };
    watch = new StallWatch(clock, 60, backlog, () => (stalls += 1));
  });

  it('tells once of somebody who takes nothing', () => {
    watch.begin();
    clock.advance(59);
    expect(stalls).to.equal(0);
    clock.advance(1);
    expect(stalls).to.equal(1);
    clock.advance(1_000);
    expect(stalls).to.equal(1);
  });

  it('lets be who takes a little, for as long as that lasts', () => {
    watch.begin();
    for (let time = 1; time <= 5; time += 1) {
      waiting -= 1;
      clock.advance(60);
    }
    expect(stalls).to.equal(0);
    clock.advance(60);
    expect(stalls).to.equal(1);
  });

  it('lets be who has little left, and is not armed any more', () => {
    watch.begin();
    waiting = 100;
    clock.advance(60);
    expect(stalls).to.equal(0);
    expect(clock.armed).to.equal(0);
  });

  it('counts from when it was first begun', () => {
    watch.begin();
    clock.advance(40);
    watch.begin();
    clock.advance(20);
    expect(stalls).to.equal(1);
  });

  it('tells nothing when it is stopped', () => {
    watch.begin();
    watch.stop();
    clock.advance(1_000);
    expect(stalls).to.equal(0);
    expect(clock.armed).to.equal(0);
  });
});
