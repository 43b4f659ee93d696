import { expect } from 'chai';
import type { BucketEvent } from '../../../../src/actors/bus/events.js';
import { StatusTracker } from '../../../../src/runtime/observe/metrics/status-tracker.js';
import { VirtualClock } from '../../../../src/simulation/time/virtual-clock.js';
import { strictBus } from '../../../support/fake-bus.js';

describe('StatusTracker', () => {
  it('measures time since the bucket entered its state, and until the next attempt', () => {
    const bus = strictBus();
    const clock = new VirtualClock();
    const view = new StatusTracker(bus, clock, []);
    const enter = (state: BucketEvent['state'], retryInMs: number) =>
      bus.publish({ kind: 'bucket', state, reason: '', retryInMs, pendingWrites: 7 });
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      enter('write-blocked', 1_000);
      clock.advance(700);
      expect(view.bucketSnapshot()).to.include({
        state: 'write-blocked',
        sinceMs: attempt * 700,
        retryInMs: 300,
        pendingWrites: 7,
      });
    }
    enter('live', 0);
    clock.advance(5);
    expect(view.bucketSnapshot()).to.include({ state: 'live', sinceMs: 5, retryInMs: 0, pendingWrites: 0 });
  });
});
