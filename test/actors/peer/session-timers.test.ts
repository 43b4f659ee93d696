import { expect } from 'chai';
import { addresses } from '../../../src/actors/addresses.js';
import type { LinkMessage } from '../../../src/actors/peer/messages.js';
import { SessionTimers } from '../../../src/actors/peer/session-timers.js';
import { VirtualClock } from '../../../src/simulation/time/virtual-clock.js';
import type { MessageBus } from '../../../src/runtime/bus/message-bus.js';
import { FakeActor } from '../../support/fake-actor.js';
import { strictBus } from '../../support/fake-bus.js';
import { toServerId } from '../../support/fake-location.js';

const metta = toServerId('Metta');

describe('SessionTimers', () => {
  let bus: MessageBus;
  let clock: VirtualClock;
  let link: FakeActor<LinkMessage>;
  let random: number;
  let timers: SessionTimers;

  beforeEach(() => {
    bus = strictBus();
    clock = new VirtualClock();
    random = 0;
    link = new FakeActor();
    bus.attach(addresses.link(metta), link);
    const linkTimings = { heartbeatMs: 2_000, antiEntropyMs: 30_000 };
    timers = new SessionTimers(bus, { clock, random: { next: () => random } }, linkTimings, metta);
  });

  /** The number of messages of a kind that time brings. */
  function countAfter(waitMs: number, kind: LinkMessage['kind']): number {
    link.take();
    clock.advance(waitMs);
    return link.take().filter((message) => message.kind === kind).length;
  }

  it('[PE23] sends heartbeats at their interval', () => {
    expect(countAfter(1_999, 'heartbeat-due')).to.equal(0);
    expect(countAfter(1, 'heartbeat-due')).to.equal(1);
    expect(countAfter(6_000, 'heartbeat-due')).to.equal(3);
  });

  it('[PE14] compares digests at random intervals of 0.5 to 1.5 times the configured one', () => {
    expect(countAfter(14_999, 'comparison-due')).to.equal(0);
    random = 0.999;
    expect(countAfter(1, 'comparison-due')).to.equal(1);
    expect(countAfter(44_969, 'comparison-due')).to.equal(0);
    expect(countAfter(1, 'comparison-due')).to.equal(1);
  });

  it('leaves no timer when they are cancelled, also by the handling of a message', () => {
    let received = 0;
    const receive = () => {
      received += 1;
      timers.cancel();
    };
    bus.attach(addresses.link(metta), { receive, stop: () => undefined });
    clock.advance(60_000);
    expect(received).to.equal(1);
    expect(clock.armedTimerCount).to.equal(0);
  });
});
