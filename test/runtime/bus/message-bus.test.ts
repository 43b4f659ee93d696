import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import fc from 'fast-check';
import { address, type ActorFailure } from '../../../src/actors/bus/bus.js';
import { MessageBus } from '../../../src/runtime/bus/message-bus.js';
import { FakeActor } from '../../support/fake-actor.js';
import { collectEvents, collectFailures, strictBus } from '../../support/fake-bus.js';

const at = address<string>('one');
const otherAt = address<string>('other');

/** Actor that runs a function for each message. */
function actor(receive: (message: string) => void) {
  return { receive, stop: () => undefined };
}

describe('MessageBus', () => {
  let bus: MessageBus;

  beforeEach(() => {
    bus = strictBus();
  });

  it('handles a message and all messages that it causes before send returns', () => {
    const other = new FakeActor<string>();
    bus.attach(otherAt, other);
    bus.attach(
      at,
      actor((message) => {
        if (message.length < 5) bus.send(at, `${message}!`);
        bus.send(otherAt, message);
      }),
    );
    bus.send(at, 'go');
    expect(other.received).to.deep.equal(['go', 'go!', 'go!!', 'go!!!']);
  });

  it('handles messages one at a time in the order of sending', () => {
    const log: string[] = [];
    bus.attach(
      at,
      actor((message) => {
        log.push(`${message} begins`);
        if (message === 'go') for (const next of ['first', 'second']) bus.send(otherAt, next);
        log.push(`${message} ends`);
      }),
    );
    bus.attach(
      otherAt,
      actor((message) => {
        log.push(`${message} begins`);
        if (message === 'first') bus.send(at, 'third');
        log.push(`${message} ends`);
      }),
    );
    bus.send(at, 'go');
    expect(log).to.deep.equal(
      ['go', 'first', 'second', 'third'].flatMap((message) => [`${message} begins`, `${message} ends`]),
    );
  });

  it('keeps the order when messages cause further messages', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3), { maxLength: 200 }), (children) => {
        const bus = strictBus();
        const sent: number[] = [];
        const handled: number[] = [];
        const numbers = address<number>('numbers');
        const send = () => {
          sent.push(sent.length);
          bus.send(numbers, sent.length - 1);
        };
        bus.attach(numbers, {
          receive: (number) => {
            handled.push(number);
            for (let child = 0; child < (children[number] ?? 0); child += 1) send();
          },
          stop: () => undefined,
        });
        send();
        expect(handled).to.deep.equal(sent);
      }),
    );
  });

  it('loses no message when it compacts a long queue', () => {
    const numbers = address<number>('numbers');
    const handled: number[] = [];
    bus.attach(numbers, {
      receive: (number) => {
        handled.push(number);
        if (number < 40_000) for (const next of [2 * number + 1, 2 * number + 2]) bus.send(numbers, next);
      },
      stop: () => undefined,
    });
    bus.send(numbers, 0);
    expect(handled).to.have.lengthOf(80_001);
    expect(handled.findIndex((number, index) => number !== index)).to.equal(-1);
  });

  it('releases handled messages while others are pending', () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const heapBytes = () => {
      collectGarbage();
      return process.memoryUsage().heapUsed;
    };
    // 50 MB in total, one message at a time.
    const messages = 50_000;
    const numbers = address<readonly number[]>('numbers');
    const before = heapBytes();
    let grownBytes = Infinity;
    bus.attach(numbers, {
      receive: ([number = 0]) => {
        if (number < messages) bus.send(numbers, new Array<number>(128).fill(number + 1));
        else grownBytes = heapBytes() - before;
      },
      stop: () => undefined,
    });
    bus.send(numbers, [0]);
    expect(grownBytes).to.be.below(25_000_000);
  });

  it('counts messages to unregistered addresses and publishes address and kind', () => {
    const deadLetters = collectEvents(bus, 'dead-letter');
    const typed = address<{ kind: 'drained' }>('nobody');
    bus.send(typed, { kind: 'drained' });
    bus.send(at, 'hello');
    bus.send(at, undefined as never);
    expect(deadLetters).to.deep.equal([
      { kind: 'dead-letter', address: 'nobody', messageKind: 'drained', count: 1 },
      { kind: 'dead-letter', address: 'one', messageKind: 'string', count: 2 },
      { kind: 'dead-letter', address: 'one', messageKind: 'undefined', count: 3 },
    ]);
  });

  it('has one actor per address', () => {
    const [first, second] = [new FakeActor<string>(), new FakeActor<string>()];
    const deadLetters = collectEvents(bus, 'dead-letter');
    bus.attach(at, first);
    bus.send(at, 'one');
    bus.attach(at, second);
    bus.send(at, 'two');
    bus.detach(at);
    bus.send(at, 'three');
    expect([first.received, second.received, deadLetters.length]).to.deep.equal([['one'], ['two'], 1]);
  });

  it('reports an actor that throws to the supervisor and continues with the next message', () => {
    const failures: ActorFailure[] = collectFailures(bus);
    const error = new Error('thrown on demand');
    const other = new FakeActor<string>();
    bus.attach(otherAt, other);
    bus.attach(
      at,
      actor(() => {
        bus.send(otherAt, 'sent before');
        throw error;
      }),
    );
    bus.send(at, 'go');
    expect(failures).to.deep.equal([{ address: 'one', message: 'go', error }]);
    expect(other.received).to.deep.equal(['sent before']);
  });

  it('throws an exception to the sender without a supervisor and works afterwards', () => {
    const other = new FakeActor<string>();
    bus.attach(otherAt, other);
    bus.attach(
      at,
      actor(() => {
        bus.send(otherAt, 'left behind');
        throw new Error('thrown on demand');
      }),
    );
    expect(() => bus.send(at, 'go')).to.throw('thrown on demand');
    bus.send(otherAt, 'next');
    expect(other.received).to.deep.equal(['left behind', 'next']);
  });

  it('calls all listeners of a kind although one throws', () => {
    const failures: unknown[] = [];
    const calls: string[] = [];
    const bus = new MessageBus((error) => failures.push((error as Error).message));
    bus.on('upstream-failed', ({ reason }) => calls.push(`first: ${reason}`));
    bus.on('upstream-failed', () => {
      throw new Error('thrown on demand');
    });
    bus.on('upstream-failed', ({ reason }) => calls.push(`third: ${reason}`));
    bus.on('server', () => calls.push('another kind'));
    bus.publish({ kind: 'upstream-failed', reason: 'timeout' });
    expect(calls).to.deep.equal(['first: timeout', 'third: timeout']);
    expect(failures).to.deep.equal(['thrown on demand']);
  });

  it('calls listeners immediately, also during a delivery', () => {
    const log: string[] = [];
    bus.on('upstream-failed', () => log.push('heard'));
    bus.attach(
      at,
      actor(() => {
        bus.publish({ kind: 'upstream-failed', reason: '' });
        log.push('handled');
      }),
    );
    bus.send(at, 'go');
    expect(log).to.deep.equal(['heard', 'handled']);
  });
});
