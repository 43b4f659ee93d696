import { expect } from 'chai';
import { addresses } from '../../../../src/actors/addresses.js';
import { address } from '../../../../src/actors/bus/bus.js';
import type { ResponseMessage } from '../../../../src/actors/bus/requests.js';
import type { NatsMessage } from '../../../../src/actors/replication/partitions/messages.js';
import { PartitionLookup } from '../../../../src/actors/replication/partitions/partition-lookup.js';
import { asClientId } from '../../../../src/protocol/place/ids.js';
import type { Location } from '../../../../src/protocol/place/location.js';
import { VirtualClock } from '../../../../src/simulation/time/virtual-clock.js';
import type { MessageBus } from '../../../../src/runtime/bus/message-bus.js';
import { FakeActor } from '../../../support/fake-actor.js';
import { strictBus } from '../../../support/fake-bus.js';
import { createLocation } from '../../../support/fake-location.js';

const replyTo = address<ResponseMessage>('requester');
const [older, newer] = [createLocation('kiwi', 1_700_000_000), createLocation('kiwi', 1_700_000_009)];

describe('PartitionLookup', () => {
  let bus: MessageBus;
  let clock: VirtualClock;
  let nats: FakeActor<NatsMessage>;
  let requester: FakeActor<ResponseMessage>;
  let lookup: PartitionLookup;

  beforeEach(() => {
    bus = strictBus();
    clock = new VirtualClock();
    nats = new FakeActor();
    requester = new FakeActor();
    lookup = new PartitionLookup(bus, clock, 200);
    bus.attach(addresses.nats, nats);
    bus.attach(replyTo, requester);
    bus.attach(addresses.partitionLookup, lookup);
  });

  const ask = (known?: Location, requestId = 1): void =>
    bus.send(addresses.lookup, {
      kind: 'lookup',
      client: asClientId('kiwi'),
      known,
      replyTo,
      requestId,
      remoteHost: '',
    });
  const respond = (location: Location | undefined): void =>
    bus.send(addresses.partitionLookup, { kind: 'lookup-response', id: 1, location });
  const sent = (count: number): void => bus.send(addresses.partitionLookup, { kind: 'lookup-sent', id: 1, count });
  const unanswered = (): void => bus.send(addresses.partitionLookup, { kind: 'lookup-unanswered', id: 1 });
  const asked = (): unknown[] => nats.received.map((message) => message.kind === 'send-lookup' && message.to);
  const responses = (): unknown[] =>
    requester.received.map((message) => (message.kind === 'located' ? message.location?.line : message.kind));

  it('[NA16] responds with the first response of the queue group', () => {
    ask();
    expect(asked()).to.deep.equal(['queue']);
    respond(newer);
    clock.advance(500);
    expect(responses()).to.deep.equal([newer.line]);
    expect(asked()).to.deep.equal(['queue']);
  });

  it('[NA16] prefers what is known here to an older response', () => {
    ask(newer);
    respond(older);
    expect(responses()).to.deep.equal([newer.line]);
  });

  it('[NA16] asks every holder if nobody is subscribed, and responds with the newest', () => {
    ask();
    unanswered();
    expect(asked()).to.deep.equal(['queue', 'holders']);
    sent(3);
    respond(newer);
    respond(older);
    expect(responses()).to.deep.equal([]);
    unanswered();
    expect(responses()).to.deep.equal([newer.line]);
  });

  it('[NA16] asks every holder after half of the time, and responds at once if there is none', () => {
    ask(older);
    clock.advance(99);
    expect(asked()).to.deep.equal(['queue']);
    clock.advance(1);
    expect(asked()).to.deep.equal(['queue', 'holders']);
    sent(0);
    expect(responses()).to.deep.equal([older.line]);
  });

  it('[NA16] gives up after all of the time', () => {
    ask();
    clock.advance(199);
    expect(responses()).to.deep.equal([]);
    clock.advance(1);
    expect(responses()).to.deep.equal([undefined]);
  });

  it('shares a lookup', () => {
    ask();
    ask(newer, 2);
    respond(older);
    expect(asked()).to.deep.equal(['queue']);
    expect(responses()).to.deep.equal([newer.line, newer.line]);
  });

  it('ignores a response about another client', () => {
    ask();
    respond(createLocation('other', 1_700_000_000));
    expect(responses()).to.deep.equal([]);
  });

  it('lets pending requests fail when it stops', () => {
    ask();
    lookup.stop();
    clock.advance(500);
    expect(responses()).to.deep.equal(['request-failed']);
  });
});
