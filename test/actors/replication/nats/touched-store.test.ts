import { expect } from 'chai';
import type { LocationFetchedEvent, LocationEvictedEvent } from '../../../../src/actors/bus/events.js';
import { addresses } from '../../../../src/actors/addresses.js';
import {
  fromBucket,
  type BucketLookupMessage,
  type BucketSpreadMessage,
} from '../../../../src/actors/replication/nats/messages.js';
import type { ConnectionMessage, GatewayMessage } from '../../../../src/actors/client/messages.js';
import type { LookupMessage } from '../../../../src/actors/replication/messages.js';
import { TouchedStore } from '../../../../src/actors/replication/nats/touched-store.js';
import { SubscriptionRegistry } from '../../../../src/actors/client/subscription-registry.js';
import { asClientId } from '../../../../src/protocol/place/ids.js';
import type { Location } from '../../../../src/protocol/place/location.js';
import type { MessageBus } from '../../../../src/runtime/bus/message-bus.js';
import { FakeActor } from '../../../support/fake-actor.js';
import { collectEvents, collectFailures, strictBus } from '../../../support/fake-bus.js';
import { createLocation, toServerId } from '../../../support/fake-location.js';
import { locationBytes } from '../../../../src/actors/store/location-bytes.js';
import { defaultLimits } from '../../../../src/actors/ports/limits.js';
import { fixedRandom } from '../../../support/fixed-random.js';
import { LocationBatch } from '../../../../src/protocol/place/location-batch.js';

const asker = addresses.connection(1);
const maxClients = 4;

describe('TouchedStore', () => {
  let bus: MessageBus;
  let spread: FakeActor<BucketSpreadMessage>;
  let clientLookup: FakeActor<LookupMessage | BucketLookupMessage>;
  let client: FakeActor<ConnectionMessage>;
  let forgotten: LocationEvictedEvent[];
  let fetched: LocationFetchedEvent[];

  beforeEach(() => {
    bus = strictBus();
    spread = new FakeActor();
    clientLookup = new FakeActor();
    client = new FakeActor();
    forgotten = collectEvents(bus, 'location-evicted');
    fetched = collectEvents(bus, 'location-fetched');
    bus.attach(addresses.bucketSpread, spread);
    bus.attach(addresses.lookup, clientLookup);
    bus.attach(asker, client);
    bus.attach(addresses.subscriptions, new SubscriptionRegistry(bus, 'touched'));
    bus.attach(addresses.store, new TouchedStore(bus, fixedRandom, { ...defaultLimits, maxClients }));
  });

  const report = (...locations: Location[]) =>
    bus.send(addresses.store, { kind: 'report', batch: LocationBatch.of(locations) });
  const learn = (...locations: Location[]) =>
    bus.send(addresses.store, { kind: 'learned', batch: LocationBatch.of(locations), from: fromBucket });
  const fetch = (name: string, location: Location | undefined) =>
    bus.send(addresses.touchedStore, { kind: 'fetched', client: asClientId(name), location });
  const watch = (name: string, question = 1) =>
    bus.send(addresses.store, { kind: 'subscribe', client: asClientId(name), replyTo: asker, requestId: question });

  function whereis(name: string): Location | undefined {
    client.take();
    const request = { client: asClientId(name), remoteHost: '192.0.2.1', replyTo: asker, requestId: 3 };
    bus.send(addresses.store, { kind: 'whereis', ...request });
    const [answer] = client.take();
    if (answer === undefined) {
      expect(clientLookup.received.pop(), 'an unknown client is looked up').to.deep.equal({
        kind: 'lookup',
        ...request,
      });
      return undefined;
    }
    if (answer.kind !== 'located') throw new Error(`asked where ${name} is, got ${answer.kind}`);
    return answer.location;
  }

  /** Who is held, without a touch. */
  function held(): string[] {
    const gateway2 = new FakeActor<GatewayMessage>();
    bus.attach(addresses.gateway, gateway2);
    bus.send(addresses.store, { kind: 'list', from: 0, max: 1_000, replyTo: addresses.gateway, requestId: 1 });
    const [page] = gateway2.take();
    if (page?.kind !== 'listed') throw new Error('nothing was listed');
    expect(page.size).to.equal(page.locations.length);
    return page.locations.map((location): string => location.client).sort();
  }

  /** What the connection was told of changes. */
  const changes = () =>
    client.take().flatMap((message) => (message.kind === 'changed' ? message.locations.map(({ line }) => line) : []));

  /** Whom the bucket is to be asked for. */
  const requestedClients = () =>
    spread.take().flatMap((message) => (message.kind === 'fetch' ? [message.client as string] : []));

  it('holds and replicates what is reported, and learns only about clients that it holds', () => {
    report(createLocation('kiwi', 1));
    expect(spread.take()).to.deep.equal([
      { kind: 'replicate', locations: [createLocation('kiwi', 1)], from: undefined },
    ]);
    learn(createLocation('kiwi', 2, 'Metta'), createLocation('emu', 2, 'Metta'));
    expect(whereis('kiwi')).to.deep.equal(createLocation('kiwi', 2, 'Metta'));
    expect(whereis('emu')).to.equal(undefined);
    expect(held()).to.deep.equal(['kiwi']);
    expect(spread.take(), 'what the bucket told is not told to the bucket').to.deep.equal([]);
  });

  it('keeps the newest of a client, whatever the order', () => {
    report(createLocation('kiwi', 3), createLocation('kiwi', 2));
    learn(createLocation('kiwi', 1, 'Metta'));
    fetch('kiwi', createLocation('kiwi', 2, 'Metta'));
    expect(whereis('kiwi')).to.deep.equal(createLocation('kiwi', 3));
  });

  it('forgets whom it has had nothing to do with for longest: no report, however old, no question, no fetch', () => {
    report(...['a', 'b', 'c', 'd'].map((name) => createLocation(name, 5)));
    whereis('b');
    report(createLocation('a', 1));
    learn(createLocation('c', 9, 'Metta'));
    fetch('e', createLocation('e', 1, 'Metta'));
    expect(held()).to.deep.equal(['a', 'b', 'd', 'e']);
    report(createLocation('f', 1), createLocation('g', 1));
    expect(held()).to.deep.equal(['a', 'e', 'f', 'g']);
    expect(forgotten.map(({ location }) => location.client)).to.deep.equal(['c', 'd', 'b']);
  });

  it('[LO5] holds locations of as many bytes as it may, and keeps those who are watched in half of them', () => {
    const of = (name: string) => createLocation(name.padEnd(100, '.'), 1);
    const maxStoreBytes = 4 * locationBytes(of('a')) + 10;
    bus.attach(addresses.store, new TouchedStore(bus, fixedRandom, { ...defaultLimits, maxStoreBytes }));
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    for (const name of names.slice(0, 4)) report(of(name));
    for (const name of names.slice(0, 3)) watch(name.padEnd(100, '.'));
    for (const name of names.slice(4)) report(of(name));
    expect(held().map((name) => name.slice(0, 1))).to.deep.equal(['a', 'b', 'f', 'g']);
  });

  it('informs the lookup of clients that appear, by a report or from the bucket, and of those that are nowhere', () => {
    report(createLocation('kiwi', 1));
    fetch('emu', createLocation('emu', 1, 'Metta'));
    fetch('moa', undefined);
    expect(clientLookup.take()).to.deep.equal([
      { kind: 'client-found', location: createLocation('kiwi', 1), isFlooded: true },
      { kind: 'client-found', location: createLocation('emu', 1, 'Metta'), isFlooded: true },
      { kind: 'nowhere', client: asClientId('moa') },
    ]);
    expect(fetched.map(({ location }) => location.client)).to.deep.equal(['emu']);
  });

  it('informs the lookup of a client that was reported during a fetch, whatever that gives', () => {
    report(createLocation('kiwi', 2));
    clientLookup.take();
    for (const found of [undefined, createLocation('kiwi', 1, 'Metta')]) fetch('kiwi', found);
    expect(clientLookup.take()).to.deep.equal([
      { kind: 'client-found', location: createLocation('kiwi', 2), isFlooded: true },
      { kind: 'client-found', location: createLocation('kiwi', 2), isFlooded: true },
    ]);
  });

  it('takes what was on disk as if it had just been touched, up to its limit', () => {
    const locations = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => createLocation(name, 1));
    bus.send(addresses.store, { kind: 'restored', batch: LocationBatch.of(locations) });
    expect(held()).to.deep.equal(['c', 'd', 'e', 'f']);
  });

  it('fetches a client that is subscribed to and not held, and publishes what it gets', () => {
    watch('kiwi');
    expect(client.take()).to.deep.equal([{ kind: 'subscribed', requestId: 1, location: undefined }]);
    expect(requestedClients()).to.deep.equal(['kiwi']);
    fetch('kiwi', createLocation('kiwi', 1, 'Metta'));
    expect(changes()).to.deep.equal([createLocation('kiwi', 1, 'Metta').line]);
    learn(createLocation('kiwi', 2, 'Metta'));
    expect(changes()).to.deep.equal([createLocation('kiwi', 2, 'Metta').line]);
  });

  it('learns of a client that is watched and was nowhere', () => {
    watch('kiwi');
    fetch('kiwi', undefined);
    client.take();
    learn(createLocation('kiwi', 1, 'Metta'));
    expect(changes()).to.deep.equal([createLocation('kiwi', 1, 'Metta').line]);
    expect(held()).to.deep.equal(['kiwi']);
  });

  it('holds a client as long as somebody watches it, and no longer', () => {
    report(createLocation('kiwi', 1));
    watch('kiwi');
    report(...['a', 'b', 'c', 'd', 'e'].map((name) => createLocation(name, 1)));
    expect(held()).to.include('kiwi');
    spread.take();
    bus.send(addresses.store, { kind: 'unsubscribe', subscriber: asker, client: undefined });
    expect(spread.take()).to.deep.equal([{ kind: 'fetch-dropped', client: 'kiwi', reason: 'watch' }]);
    report(...['f', 'g', 'h', 'i'].map((name) => createLocation(name, 1)));
    expect(held()).to.deep.equal(['f', 'g', 'h', 'i']);
  });

  it('keeps at most half of its places for the watched, and still learns of the others', () => {
    for (const [index, name] of ['a', 'b', 'c'].entries()) {
      report(createLocation(name, 1));
      watch(name, index);
    }
    report(...['v', 'w', 'x', 'y', 'z'].map((name) => createLocation(name, 1)));
    expect(held()).to.deep.equal(['a', 'b', 'y', 'z']);
    learn(createLocation('c', 2, 'Metta'));
    expect(held()).to.include('c');
  });

  it('asks for those who are watched and not held when the bucket is back', () => {
    report(createLocation('kiwi', 1));
    watch('kiwi');
    watch('emu', 2);
    expect(requestedClients()).to.deep.equal(['emu']);
    bus.send(addresses.touchedStore, { kind: 'bucket-back' });
    expect(requestedClients()).to.deep.equal(['emu']);
  });

  it('notifies subscribers to all of what it holds, and of nothing else', () => {
    watch('*');
    client.take();
    report(createLocation('kiwi', 1));
    learn(createLocation('kiwi', 2, 'Metta'), createLocation('emu', 2, 'Metta'));
    fetch('moa', createLocation('moa', 1, 'Metta'));
    expect(changes()).to.deep.equal([createLocation('kiwi', 1).line, createLocation('kiwi', 2, 'Metta').line]);
    expect(requestedClients(), 'nobody is called *').to.deep.equal([]);
  });

  it('has no neighbours, and does not act as if it had', () => {
    const failures = collectFailures(bus);
    const lookup = { kind: 'SEEK', id: 'Metta:1', hops: 1, client: asClientId('kiwi') } as const;
    bus.send(addresses.store, { kind: 'lookup-requested', from: toServerId('Metta'), lookup });
    expect(String(failures[0]?.error)).to.contain('lookup-requested');
  });
});
