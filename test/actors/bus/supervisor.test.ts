import { expect } from 'chai';
import { address, type Actor } from '../../../src/actors/bus/bus.js';
import { addresses } from '../../../src/actors/addresses.js';
import type { ConnectionMessage } from '../../../src/actors/client/messages.js';
import { policies, type ActorKind } from '../../../src/actors/bus/supervision.js';
import { Supervisor } from '../../../src/actors/bus/supervisor.js';
import type { MessageBus } from '../../../src/runtime/bus/message-bus.js';
import { FakeActor } from '../../support/fake-actor.js';
import { collectEvents, strictBus } from '../../support/fake-bus.js';
import { VirtualClock } from '../../../src/simulation/time/virtual-clock.js';

type Order = 'work' | 'throw' | object;

/** Does its work, or throws when it is told to or is asked something. */
class Worker implements Actor<Order> {
  worked = 0;
  stops = 0;

  receive(order: Order): void {
    if (order !== 'work') throw new Error('thrown on demand');
    this.worked += 1;
  }

  stop(): void {
    this.stops += 1;
  }
}

const at = address<Order>('worker');
const otherAt = address<Order>('other');

describe('Supervisor', () => {
  let bus: MessageBus;
  let clock: VirtualClock;
  let supervisor: Supervisor;
  let workers: Worker[];
  let stopped: string[];
  let escalated: unknown[];

  beforeEach(() => {
    bus = strictBus();
    clock = new VirtualClock();
    workers = [];
    stopped = [];
    escalated = [];
    supervisor = new Supervisor(bus, clock, {
      onStopped: (who) => stopped.push(who),
      onEscalated: (error) => escalated.push(error),
    });
  });

  function spawn(kind: ActorKind): void {
    supervisor.spawn(kind, at, () => {
      const worker = new Worker();
      workers.push(worker);
      return worker;
    });
  }

  it('keeps an actor that is resumed, and its state', () => {
    spawn('store');
    for (const order of ['work', 'throw', 'work'] as const) bus.send(at, order);
    expect(workers).to.deep.equal([{ worked: 2, stops: 0 }]);
  });

  it('replaces an actor that is restarted', () => {
    spawn('flood');
    for (const order of ['work', 'throw', 'work', 'work'] as const) bus.send(at, order);
    expect(workers).to.deep.equal([
      { worked: 1, stops: 1 },
      { worked: 2, stops: 0 },
    ]);
  });

  it('stops an actor, publishes that, and detaches its address', () => {
    const deadLetters = collectEvents(bus, 'dead-letter');
    spawn('connection');
    for (const order of ['throw', 'work'] as const) bus.send(at, order);
    expect(workers).to.deep.equal([{ worked: 0, stops: 1 }]);
    expect(stopped).to.deep.equal(['worker']);
    expect(deadLetters).to.have.lengthOf(1);
  });

  it('publishes the address, the error and the directive of a failure', () => {
    const failures = collectEvents(bus, 'actor-failed');
    spawn('flood');
    bus.send(at, 'throw');
    expect(failures).to.have.lengthOf(1);
    expect(failures[0]).to.include({ address: 'worker', directive: 'restart' });
    expect(failures[0]).to.have.nested.property('error.message', 'thrown on demand');
  });

  it('does not affect other actors, which handle the messages sent to them in the same turn', () => {
    const other = new Worker();
    spawn('flood');
    supervisor.spawn('store', otherAt, () => other);
    const outside = address<'go'>('outside');
    bus.attach(outside, {
      receive: () => {
        bus.send(otherAt, 'work');
        bus.send(at, 'throw');
        bus.send(otherAt, 'work');
        bus.send(at, 'work');
      },
      stop: () => undefined,
    });
    bus.send(outside, 'go');
    expect(other).to.deep.equal({ worked: 2, stops: 0 });
    expect(workers[1]).to.deep.equal({ worked: 1, stops: 0 });
  });

  for (const kind of ['store', 'upstream'] as const) {
    it(`[UP9] answers a request with request-failed when the ${kind} fails over it`, () => {
      const asker = new FakeActor<ConnectionMessage>();
      const replyTo = addresses.connection(1);
      bus.attach(replyTo, asker);
      spawn(kind);
      bus.send(at, { kind: 'whereis', replyTo, requestId: 7 });
      expect(asker.received).to.deep.equal([{ kind: 'request-failed', requestId: 7 }]);
    });
  }

  it('escalates a failure that comes back too often', () => {
    spawn('link');
    const { maxFailures } = policies.link;
    for (let failure = 0; failure < maxFailures; failure += 1) bus.send(at, 'throw');
    expect(escalated).to.deep.equal([]);
    bus.send(at, 'throw');
    expect(escalated).to.have.lengthOf(1);
    expect(escalated[0]).to.have.property('message', 'thrown on demand');
    expect(workers, 'nothing is made anew after that').to.have.lengthOf(maxFailures + 1);
  });

  it('does not count failures outside the window', () => {
    spawn('link');
    for (let failure = 0; failure < 100; failure += 1) {
      bus.send(at, 'throw');
      clock.advance(1_001);
    }
    expect(escalated).to.deep.equal([]);
  });

  it('escalates the failure of an unknown actor', () => {
    bus.attach(at, new Worker());
    bus.send(at, 'throw');
    expect(escalated).to.have.lengthOf(1);
  });

  it('escalates when the new actor cannot be created', () => {
    let made = 0;
    supervisor.spawn('flood', at, () => {
      made += 1;
      if (made > 1) throw new Error('cannot be made');
      return new Worker();
    });
    bus.send(at, 'throw');
    expect(escalated).to.have.lengthOf(1);
    expect(escalated[0]).to.have.property('message', 'cannot be made');
  });

  it('stops an actor once, and detaches its address', () => {
    const deadLetters = collectEvents(bus, 'dead-letter');
    spawn('connection');
    supervisor.stop(at);
    supervisor.stop(at);
    bus.send(at, 'work');
    expect(workers).to.deep.equal([{ worked: 0, stops: 1 }]);
    expect(deadLetters).to.have.lengthOf(1);
    expect(stopped, 'it was asked to').to.deep.equal([]);
  });

  it('stops all actors, the last started first', () => {
    const order: string[] = [];
    for (const name of ['one', 'two', 'three']) {
      supervisor.spawn('flood', address<Order>(name), () => ({
        receive: () => undefined,
        stop: () => order.push(name),
      }));
    }
    supervisor.stopAll();
    expect(order).to.deep.equal(['three', 'two', 'one']);
  });

  it('stops the other actors if one throws while it stops, and publishes the error', () => {
    const failures = collectEvents(bus, 'actor-failed');
    const order: string[] = [];
    for (const name of ['one', 'two', 'three']) {
      supervisor.spawn('flood', address<Order>(name), () => ({
        receive: () => undefined,
        stop: () => {
          order.push(name);
          if (name === 'two') throw new Error('thrown on demand');
        },
      }));
    }
    supervisor.stopAll();
    expect(order).to.deep.equal(['three', 'two', 'one']);
    expect(failures.map(({ address }) => address)).to.deep.equal(['two']);
  });
});
