import { expect } from 'chai';
import { BucketSeeker } from '../../../../src/actors/replication/nats/bucket-seeker.js';
import { addresses, type BucketSpreadMessage, type ConnectionMessage } from '../../../../src/actors/bus/messages.js';
import { asClientId } from '../../../../src/protocol/place/ids.js';
import type { MessageBus } from '../../../../src/runtime/bus/message-bus.js';
import { VirtualClock } from '../../../../src/simulation/time/virtual-clock.js';
import { FakeActor } from '../../../support/fake-actor.js';
import { strictBus } from '../../../support/fake-bus.js';
import { locationOf } from '../../../support/fake-location.js';

const asker = addresses.connection(1);
const withinMs = 250;

describe('BucketSeeker', () => {
  let bus: MessageBus;
  let clock: VirtualClock;
  let spread: FakeActor<BucketSpreadMessage>;
  let client: FakeActor<ConnectionMessage>;
  let seeker: BucketSeeker;

  beforeEach(() => {
    bus = strictBus();
    clock = new VirtualClock();
    spread = new FakeActor();
    client = new FakeActor();
    seeker = new BucketSeeker(bus, clock, withinMs);
    bus.attach(addresses.bucketSpread, spread);
    bus.attach(asker, client);
    bus.attach(addresses.seeker, seeker);
  });

  const seek = (question: number, name = 'kiwi') =>
    bus.send(addresses.seeker, {
      kind: 'seek',
      client: asClientId(name),
      address: '192.0.2.1',
      replyTo: asker,
      question,
    });
  const located = (question: number, location: unknown) => ({ kind: 'located', question, location });

  it('has the bucket asked once for whoever asks at the same time, and tells all', () => {
    seek(1);
    seek(2);
    seek(3, 'emu');
    expect(spread.take()).to.deep.equal([
      { kind: 'fetch', client: 'kiwi', reason: 'question' },
      { kind: 'fetch', client: 'emu', reason: 'question' },
    ]);
    const location = locationOf('kiwi', 1);
    bus.send(addresses.seeker, { kind: 'appeared', location, spread: true });
    expect(client.take()).to.deep.equal([located(1, location), located(2, location)]);
    bus.send(addresses.bucketSeeker, { kind: 'nowhere', client: asClientId('emu') });
    expect(client.take()).to.deep.equal([located(3, undefined)]);
    clock.advance(withinMs);
    expect(client.take()).to.deep.equal([]);
  });

  it('says that nobody knows when the bucket does not say in time, and has it asked no more', () => {
    seek(1);
    spread.take();
    clock.advance(withinMs - 1);
    expect(client.take()).to.deep.equal([]);
    clock.advance(1);
    expect(client.take()).to.deep.equal([located(1, undefined)]);
    expect(spread.take()).to.deep.equal([{ kind: 'fetch-dropped', client: 'kiwi', reason: 'question' }]);
    seek(2);
    expect(spread.take()).to.deep.equal([{ kind: 'fetch', client: 'kiwi', reason: 'question' }]);
  });

  it('asks for 10,000 clients at once, and says of one more at once that nobody knows', () => {
    for (let question = 0; question < 10_000; question += 1) seek(question, `client-${question}`);
    expect(client.take()).to.deep.equal([]);
    seek(10_000, 'one-more');
    expect(client.take()).to.deep.equal([located(10_000, undefined)]);
    seek(10_001, 'client-7');
    expect(client.take()).to.deep.equal([]);
  });

  it('tells those who wait that it has failed, when it is stopped', () => {
    seek(1);
    seeker.stop();
    expect(client.take()).to.deep.equal([{ kind: 'question-failed', question: 1 }]);
  });
});
