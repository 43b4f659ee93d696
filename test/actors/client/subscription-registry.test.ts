import { expect } from 'chai';
import type { Address } from '../../../src/actors/bus/bus.js';
import { addresses } from '../../../src/actors/addresses.js';
import type { ConnectionMessage } from '../../../src/actors/client/messages.js';
import {
  SubscriptionRegistry,
  maxSubscriptionsPerConnection,
  maxSubscribersPerClient,
} from '../../../src/actors/client/subscription-registry.js';
import { allClients } from '../../../src/protocol/client/command.js';
import { asClientId } from '../../../src/protocol/place/ids.js';
import type { Location } from '../../../src/protocol/place/location.js';
import type { MessageBus } from '../../../src/runtime/bus/message-bus.js';
import { FakeActor } from '../../support/fake-actor.js';
import { defaultLimits } from '../../../src/actors/ports/limits.js';
import { collectEvents, strictBus } from '../../support/fake-bus.js';
import { createLocation } from '../../support/fake-location.js';
import { LocationBatch } from '../../../src/protocol/place/location-batch.js';

const kiwi = asClientId('kiwi');
const moa = asClientId('moa');

describe('SubscriptionRegistry', () => {
  let bus: MessageBus;
  let watch: SubscriptionRegistry;
  let questions: number;

  beforeEach(() => {
    bus = strictBus();
    watch = new SubscriptionRegistry(bus, defaultLimits, { allClientsSubscribers: 0 }, false);
    bus.attach(addresses.subscriptions, watch);
    questions = 0;
  });

  /** A connection that keeps what it is told. */
  function connect(connection: number): { at: Address<ConnectionMessage>; received: FakeActor<ConnectionMessage> } {
    const at = addresses.connection(connection);
    const received = new FakeActor<ConnectionMessage>();
    bus.attach(at, received);
    return { at, received };
  }

  function begin(at: Address<ConnectionMessage>, client = kiwi, location?: Location): void {
    questions += 1;
    bus.send(addresses.subscriptions, { kind: 'subscribe', client, replyTo: at, requestId: questions, location });
  }

  function end(subscriber: Address<ConnectionMessage>, client?: typeof kiwi): void {
    bus.send(addresses.subscriptions, { kind: 'unsubscribe', subscriber, client });
  }

  function learn(...locations: Location[]): void {
    bus.send(addresses.subscriptions, { kind: 'learned', batch: LocationBatch.of(locations) });
  }

  it('sends the present location with a subscription to one client, and none with one to all', () => {
    const { at, received } = connect(1);
    begin(at, kiwi, createLocation('kiwi', 1));
    begin(at, allClients, createLocation('*', 1));
    expect(received.take()).to.deep.equal([
      { kind: 'subscribed', requestId: 1, location: createLocation('kiwi', 1) },
      { kind: 'subscribed', requestId: 2, location: undefined },
    ]);
  });

  it('sends each subscriber only the changes that it watches, one message for changes learned together', () => {
    const [ofKiwi, ofBoth, ofAll, ofNone] = [connect(1), connect(2), connect(3), connect(4)];
    begin(ofKiwi.at);
    begin(ofBoth.at);
    begin(ofBoth.at, moa);
    begin(ofAll.at, allClients);
    for (const { received } of [ofKiwi, ofBoth, ofAll]) received.take();
    const locations = [
      createLocation('kiwi', 1),
      createLocation('emu', 1),
      createLocation('moa', 1),
      createLocation('kiwi', 2),
    ];
    learn(...locations);
    const timesOf = ({ received }: typeof ofKiwi) =>
      received.take().map((message) => message.kind === 'changed' && message.locations.map(({ line }) => line));
    const lines = (...indexes: number[]) => indexes.map((index) => locations[index]?.line);
    expect(timesOf(ofKiwi)).to.deep.equal([lines(0, 3)]);
    expect(timesOf(ofBoth)).to.deep.equal([lines(0, 2, 3)]);
    expect(timesOf(ofAll)).to.deep.equal([lines(0, 1, 2, 3)]);
    expect(ofNone.received.take()).to.deep.equal([]);
  });

  it('[WA2] sends a change once to a subscriber of both the client and *', () => {
    const [both, named] = [connect(1), connect(2)];
    begin(named.at);
    begin(both.at);
    begin(both.at);
    begin(both.at, allClients);
    both.received.take();
    learn(createLocation('kiwi', 1));
    expect(both.received.take().map(({ kind }) => kind)).to.deep.equal(['changed']);
    end(both.at, allClients);
    learn(createLocation('moa', 1), createLocation('kiwi', 2));
    expect(both.received.take()).to.deep.equal([{ kind: 'changed', locations: [createLocation('kiwi', 2)] }]);
  });

  it('removes subscribers that unsubscribe or close', () => {
    const events = collectEvents(bus, 'subscribers');
    const [one, other] = [connect(1), connect(2)];
    begin(one.at);
    begin(one.at, moa);
    begin(other.at, allClients);
    end(one.at, moa);
    end(other.at);
    end(other.at);
    for (const { received } of [one, other]) received.take();
    learn(createLocation('moa', 1), createLocation('kiwi', 1));
    expect(other.received.take()).to.deep.equal([]);
    expect(one.received.take()).to.deep.equal([{ kind: 'changed', locations: [createLocation('kiwi', 1)] }]);
    end(one.at, kiwi);
    learn(createLocation('kiwi', 2));
    expect(one.received.take()).to.deep.equal([]);
    expect(events.map(({ subscribers }) => subscribers)).to.deep.equal([1, 2, 1, 0]);
  });

  it('[WA7] rejects subscribers beyond the limit of a client, until another leaves', () => {
    for (let connection = 1; connection <= maxSubscribersPerClient; connection += 1) begin(connect(connection).at);
    const late = connect(maxSubscribersPerClient + 1);
    begin(late.at);
    expect(late.received.take().map(({ kind }) => kind)).to.deep.equal(['subscription-rejected']);
    begin(late.at, moa);
    end(addresses.connection(7));
    begin(late.at);
    expect(late.received.take().map(({ kind }) => kind)).to.deep.equal(['subscribed', 'subscribed']);
  });

  it('[WA7] rejects subscriptions beyond the limit of a connection', () => {
    const { at, received } = connect(1);
    for (let client = 1; client <= maxSubscriptionsPerConnection; client += 1) begin(at, asClientId(`phone${client}`));
    expect(received.take().some(({ kind }) => kind === 'subscription-rejected')).to.equal(false);
    begin(at);
    begin(at, asClientId('phone1'));
    expect(received.take().map(({ kind }) => kind)).to.deep.equal(['subscription-rejected', 'subscribed']);
  });

  it('[WA10] notifies all subscribers that their subscriptions are lost, when it is stopped', () => {
    const [watcher, other] = [connect(1), connect(2)];
    begin(watcher.at);
    watcher.received.take();
    watch.stop();
    expect(watcher.received.take()).to.deep.equal([{ kind: 'subscription-lost' }]);
    expect(other.received.take()).to.deep.equal([]);
    learn(createLocation('kiwi', 1));
    expect(watcher.received.take()).to.deep.equal([]);
  });
});
