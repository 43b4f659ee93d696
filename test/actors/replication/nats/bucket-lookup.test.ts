import { expect } from 'chai';
import { BucketLookup } from '../../../../src/actors/replication/nats/bucket-lookup.js';
import { addresses } from '../../../../src/actors/addresses.js';
import type { BucketSpreadMessage } from '../../../../src/actors/replication/nats/messages.js';
import type { ConnectionMessage } from '../../../../src/actors/client/messages.js';
import { asClientId } from '../../../../src/protocol/place/ids.js';
import type { MessageBus } from '../../../../src/runtime/bus/message-bus.js';
import { VirtualClock } from '../../../../src/simulation/time/virtual-clock.js';
import { FakeActor } from '../../../support/fake-actor.js';
import { strictBus } from '../../../support/fake-bus.js';
import { createLocation } from '../../../support/fake-location.js';

const asker = addresses.connection(1);
const withinMs = 250;

describe('BucketSeeker', () => {
  let bus: MessageBus;
  let clock: VirtualClock;
  let spread: FakeActor<BucketSpreadMessage>;
  let client: FakeActor<ConnectionMessage>;
  let clientLookup: BucketLookup;

  beforeEach(() => {
    bus = strictBus();
    clock = new VirtualClock();
    spread = new FakeActor();
    client = new FakeActor();
    clientLookup = new BucketLookup(bus, clock, withinMs);
    bus.attach(addresses.bucketSpread, spread);
    bus.attach(asker, client);
    bus.attach(addresses.lookup, clientLookup);
  });

  const lookUp = (question: number, name = 'kiwi') =>
    bus.send(addresses.lookup, {
      kind: 'lookup',
      client: asClientId(name),
      remoteHost: '192.0.2.1',
      replyTo: asker,
      requestId: question,
    });
  const located = (requestId: number, location: unknown) => ({ kind: 'located', requestId, location });

  it('fetches once for concurrent requests of a client, and answers all', () => {
    lookUp(1);
    lookUp(2);
    lookUp(3, 'emu');
    expect(spread.take()).to.deep.equal([
      { kind: 'fetch', client: 'kiwi', reason: 'question' },
      { kind: 'fetch', client: 'emu', reason: 'question' },
    ]);
    const location = createLocation('kiwi', 1);
    bus.send(addresses.lookup, { kind: 'client-found', location, isFlooded: true });
    expect(client.take()).to.deep.equal([located(1, location), located(2, location)]);
    bus.send(addresses.bucketLookup, { kind: 'nowhere', client: asClientId('emu') });
    expect(client.take()).to.deep.equal([located(3, undefined)]);
    clock.advance(withinMs);
    expect(client.take()).to.deep.equal([]);
  });

  it('answers as unknown when the bucket does not answer in time, and drops the fetch', () => {
    lookUp(1);
    spread.take();
    clock.advance(withinMs - 1);
    expect(client.take()).to.deep.equal([]);
    clock.advance(1);
    expect(client.take()).to.deep.equal([located(1, undefined)]);
    expect(spread.take()).to.deep.equal([{ kind: 'fetch-dropped', client: 'kiwi', reason: 'question' }]);
    lookUp(2);
    expect(spread.take()).to.deep.equal([{ kind: 'fetch', client: 'kiwi', reason: 'question' }]);
  });

  it('asks for 10,000 clients at once, and says of one more at once that nobody knows', () => {
    for (let question = 0; question < 10_000; question += 1) lookUp(question, `client-${question}`);
    expect(client.take()).to.deep.equal([]);
    lookUp(10_000, 'one-more');
    expect(client.take()).to.deep.equal([located(10_000, undefined)]);
    lookUp(10_001, 'client-7');
    expect(client.take()).to.deep.equal([]);
  });

  it('fails pending requests when it is stopped', () => {
    lookUp(1);
    clientLookup.stop();
    expect(client.take()).to.deep.equal([{ kind: 'request-failed', requestId: 1 }]);
  });
});
