import { expect } from 'chai';
import type { NatsEvent } from '../../../../src/actors/bus/events.js';
import { StatusTracker } from '../../../../src/runtime/observe/metrics/status-tracker.js';
import { VirtualClock } from '../../../../src/simulation/time/virtual-clock.js';
import { strictBus } from '../../../support/fake-bus.js';
import { toServerId } from '../../../support/fake-location.js';

describe('StatusTracker, of a server on NATS', () => {
  const bus = strictBus();
  const clock = new VirtualClock();
  const status = new StatusTracker(bus, clock, []);
  const enter = (state: NatsEvent['state'], reason = '', retryInMs = 0) =>
    bus.publish({ kind: 'nats', state, reason, retryInMs });
  const hold = (complete: number, filling: number, short = 0) =>
    bus.publish({ kind: 'partitions', complete, filling, leaving: 1, short });

  it('is not ready until its partitions are complete for the first time', () => {
    bus.publish({ kind: 'server', state: 'running', reason: '' });
    enter('connecting');
    expect(status.notReadyReasons()).to.deep.equal(['connecting to NATS']);
    enter('backoff', 'connection refused', 1_000);
    expect(status.notReadyReasons()).to.deep.equal(['NATS backoff: connection refused']);
    enter('joining');
    hold(12, 52);
    expect(status.notReadyReasons()).to.deep.equal(['filling partitions: 12 of 64 complete']);
    hold(64, 0);
    enter('live');
    expect(status.notReadyReasons()).to.deep.equal([]);
    expect(status.degradations()).to.deep.equal([]);
  });

  it('stays ready when NATS is lost or partitions are short, and says so', () => {
    enter('backoff', 'connection refused', 1_000);
    hold(0, 64, 3);
    expect(status.notReadyReasons()).to.deep.equal([]);
    expect(status.degradations()).to.deep.equal([
      'NATS backoff: connection refused',
      'partitions short of replicas: 3',
    ]);
  });

  it('measures time since the connection entered its state, and until the next attempt', () => {
    bus.publish({ kind: 'members', members: ['Blake', 'Metta'].map(toServerId) });
    clock.advance(700);
    expect(status.natsSnapshot()).to.deep.equal({
      state: 'backoff',
      sinceMs: 700,
      retryInMs: 300,
      reason: 'connection refused',
      members: ['Blake', 'Metta'],
      partitions: { complete: 0, filling: 64, leaving: 1, short: 3 },
    });
    clock.advance(700);
    expect(status.natsSnapshot()).to.include({ sinceMs: 1_400, retryInMs: 0 });
  });

  it('has no snapshot of NATS without an event of it', () => {
    expect(new StatusTracker(strictBus(), clock, []).natsSnapshot()).to.equal(undefined);
  });
});
