import { expect } from 'chai';
import type { FetchedEvent, ForgottenEvent } from '../../../../src/actors/bus/events.js';
import {
  addresses,
  fromBucket,
  type BucketSeekerMessage,
  type BucketSpreadMessage,
  type ConnectionMessage,
  type DeskMessage,
  type SeekerMessage,
} from '../../../../src/actors/bus/messages.js';
import { TouchedStore } from '../../../../src/actors/replication/nats/touched-store.js';
import { Watch } from '../../../../src/actors/client/subscription-registry.js';
import { asClientId } from '../../../../src/protocol/place/ids.js';
import type { Location } from '../../../../src/protocol/place/location.js';
import type { MessageBus } from '../../../../src/runtime/bus/message-bus.js';
import { FakeActor } from '../../../support/fake-actor.js';
import { eventsOf, failuresOf, strictBus } from '../../../support/fake-bus.js';
import { locationOf, serverId } from '../../../support/fake-location.js';
import { locationBytes } from '../../../../src/actors/store/location-bytes.js';
import { defaultLimits } from '../../../../src/actors/ports/limits.js';
import { fixedRandom } from '../../../support/fixed-random.js';

const asker = addresses.connection(1);
const clientsMax = 4;

describe('TouchedStore', () => {
  let bus: MessageBus;
  let spread: FakeActor<BucketSpreadMessage>;
  let seeker: FakeActor<SeekerMessage | BucketSeekerMessage>;
  let client: FakeActor<ConnectionMessage>;
  let forgotten: ForgottenEvent[];
  let fetched: FetchedEvent[];

  beforeEach(() => {
    bus = strictBus();
    spread = new FakeActor();
    seeker = new FakeActor();
    client = new FakeActor();
    forgotten = eventsOf(bus, 'location-forgotten');
    fetched = eventsOf(bus, 'location-fetched');
    bus.attach(addresses.bucketSpread, spread);
    bus.attach(addresses.seeker, seeker);
    bus.attach(asker, client);
    bus.attach(addresses.watch, new Watch(bus, 'touched'));
    bus.attach(addresses.store, new TouchedStore(bus, fixedRandom, { ...defaultLimits, clientsMax }));
  });

  const report = (...locations: Location[]) => bus.send(addresses.store, { kind: 'report', locations });
  const learn = (...locations: Location[]) =>
    bus.send(addresses.store, { kind: 'learned', locations, from: fromBucket });
  const fetch = (name: string, location: Location | undefined) =>
    bus.send(addresses.touchedStore, { kind: 'fetched', client: asClientId(name), location });
  const watch = (name: string, question = 1) =>
    bus.send(addresses.store, { kind: 'watch', client: asClientId(name), replyTo: asker, question });

  function whereis(name: string): Location | undefined {
    client.take();
    bus.send(addresses.store, { kind: 'whereis', client: asClientId(name), replyTo: asker, question: 3 });
    const [answer] = client.take();
    if (answer?.kind !== 'located') throw new Error(`asked where ${name} is, got ${String(answer?.kind)}`);
    return answer.location;
  }

  /** Who is held, without a touch. */
  function held(): string[] {
    const desk = new FakeActor<DeskMessage>();
    bus.attach(addresses.desk, desk);
    bus.send(addresses.store, { kind: 'list', from: 0, max: 1_000, replyTo: addresses.desk, question: 1 });
    const [page] = desk.take();
    if (page?.kind !== 'listed') throw new Error('nothing was listed');
    expect(page.size).to.equal(page.locations.length);
    return page.locations.map((location): string => location.client).sort();
  }

  /** What the connection was told of changes. */
  const changes = () =>
    client.take().flatMap((message) => (message.kind === 'changed' ? message.locations.map(({ line }) => line) : []));

  /** Whom the bucket is to be asked for. */
  const asked = () => spread.take().flatMap((message) => (message.kind === 'fetch' ? [message.client as string] : []));

  it('holds what is reported, tells the spread, and learns only of those whom it holds', () => {
    report(locationOf('kiwi', 1));
    expect(spread.take()).to.deep.equal([{ kind: 'spread', locations: [locationOf('kiwi', 1)], from: undefined }]);
    learn(locationOf('kiwi', 2, 'Metta'), locationOf('emu', 2, 'Metta'));
    expect(whereis('kiwi')).to.deep.equal(locationOf('kiwi', 2, 'Metta'));
    expect(whereis('emu')).to.equal(undefined);
    expect(held()).to.deep.equal(['kiwi']);
    expect(spread.take(), 'what the bucket told is not told to the bucket').to.deep.equal([]);
  });

  it('keeps the newest of a client, whatever the order', () => {
    report(locationOf('kiwi', 3), locationOf('kiwi', 2));
    learn(locationOf('kiwi', 1, 'Metta'));
    fetch('kiwi', locationOf('kiwi', 2, 'Metta'));
    expect(whereis('kiwi')).to.deep.equal(locationOf('kiwi', 3));
  });

  it('forgets whom it has had nothing to do with for longest: no report, however old, no question, no fetch', () => {
    report(...['a', 'b', 'c', 'd'].map((name) => locationOf(name, 5)));
    whereis('b');
    report(locationOf('a', 1));
    learn(locationOf('c', 9, 'Metta'));
    fetch('e', locationOf('e', 1, 'Metta'));
    expect(held()).to.deep.equal(['a', 'b', 'd', 'e']);
    report(locationOf('f', 1), locationOf('g', 1));
    expect(held()).to.deep.equal(['a', 'e', 'f', 'g']);
    expect(forgotten.map(({ location }) => location.client)).to.deep.equal(['c', 'd', 'b']);
  });

  it('[LO5] holds locations of as many bytes as it may, and keeps those who are watched in half of them', () => {
    const of = (name: string) => locationOf(name.padEnd(100, '.'), 1);
    const storeBytesMax = 4 * locationBytes(of('a')) + 10;
    bus.attach(addresses.store, new TouchedStore(bus, fixedRandom, { ...defaultLimits, storeBytesMax }));
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    for (const name of names.slice(0, 4)) report(of(name));
    for (const name of names.slice(0, 3)) watch(name.padEnd(100, '.'));
    for (const name of names.slice(4)) report(of(name));
    expect(held().map((name) => name.slice(0, 1))).to.deep.equal(['a', 'b', 'f', 'g']);
  });

  it('tells the seeker of who appears, by a report or from the bucket, and of who is nowhere', () => {
    report(locationOf('kiwi', 1));
    fetch('emu', locationOf('emu', 1, 'Metta'));
    fetch('moa', undefined);
    expect(seeker.take()).to.deep.equal([
      { kind: 'appeared', location: locationOf('kiwi', 1), spread: true },
      { kind: 'appeared', location: locationOf('emu', 1, 'Metta'), spread: true },
      { kind: 'nowhere', client: asClientId('moa') },
    ]);
    expect(fetched.map(({ location }) => location.client)).to.deep.equal(['emu']);
  });

  it('tells the seeker of who was reported while the bucket was asked, whatever that says', () => {
    report(locationOf('kiwi', 2));
    seeker.take();
    for (const found of [undefined, locationOf('kiwi', 1, 'Metta')]) fetch('kiwi', found);
    expect(seeker.take()).to.deep.equal([
      { kind: 'appeared', location: locationOf('kiwi', 2), spread: true },
      { kind: 'appeared', location: locationOf('kiwi', 2), spread: true },
    ]);
  });

  it('takes what was on disk as if it had just been touched, up to its limit', () => {
    const locations = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => locationOf(name, 1));
    bus.send(addresses.store, { kind: 'remembered', locations });
    expect(held()).to.deep.equal(['c', 'd', 'e', 'f']);
  });

  it('has the bucket asked for a client that is watched and not held, and tells what it says', () => {
    watch('kiwi');
    expect(client.take()).to.deep.equal([{ kind: 'watch-begun', question: 1, location: undefined }]);
    expect(asked()).to.deep.equal(['kiwi']);
    fetch('kiwi', locationOf('kiwi', 1, 'Metta'));
    expect(changes()).to.deep.equal([locationOf('kiwi', 1, 'Metta').line]);
    learn(locationOf('kiwi', 2, 'Metta'));
    expect(changes()).to.deep.equal([locationOf('kiwi', 2, 'Metta').line]);
  });

  it('learns of a client that is watched and was nowhere', () => {
    watch('kiwi');
    fetch('kiwi', undefined);
    client.take();
    learn(locationOf('kiwi', 1, 'Metta'));
    expect(changes()).to.deep.equal([locationOf('kiwi', 1, 'Metta').line]);
    expect(held()).to.deep.equal(['kiwi']);
  });

  it('holds a client as long as somebody watches it, and no longer', () => {
    report(locationOf('kiwi', 1));
    watch('kiwi');
    report(...['a', 'b', 'c', 'd', 'e'].map((name) => locationOf(name, 1)));
    expect(held()).to.include('kiwi');
    spread.take();
    bus.send(addresses.store, { kind: 'unwatch', watcher: asker, client: undefined });
    expect(spread.take()).to.deep.equal([{ kind: 'fetch-dropped', client: 'kiwi', reason: 'watch' }]);
    report(...['f', 'g', 'h', 'i'].map((name) => locationOf(name, 1)));
    expect(held()).to.deep.equal(['f', 'g', 'h', 'i']);
  });

  it('keeps at most half of its places for the watched, and still learns of the others', () => {
    for (const [index, name] of ['a', 'b', 'c'].entries()) {
      report(locationOf(name, 1));
      watch(name, index);
    }
    report(...['v', 'w', 'x', 'y', 'z'].map((name) => locationOf(name, 1)));
    expect(held()).to.deep.equal(['a', 'b', 'y', 'z']);
    learn(locationOf('c', 2, 'Metta'));
    expect(held()).to.include('c');
  });

  it('asks for those who are watched and not held when the bucket is back', () => {
    report(locationOf('kiwi', 1));
    watch('kiwi');
    watch('emu', 2);
    expect(asked()).to.deep.equal(['emu']);
    bus.send(addresses.touchedStore, { kind: 'bucket-back' });
    expect(asked()).to.deep.equal(['emu']);
  });

  it('tells who watches all of what it holds, and of nobody else', () => {
    watch('*');
    client.take();
    report(locationOf('kiwi', 1));
    learn(locationOf('kiwi', 2, 'Metta'), locationOf('emu', 2, 'Metta'));
    fetch('moa', locationOf('moa', 1, 'Metta'));
    expect(changes()).to.deep.equal([locationOf('kiwi', 1).line, locationOf('kiwi', 2, 'Metta').line]);
    expect(asked(), 'nobody is called *').to.deep.equal([]);
  });

  it('has no neighbours, and does not act as if it had', () => {
    const failures = failuresOf(bus);
    bus.send(addresses.store, { kind: 'catch-up', neighbour: serverId('Metta') });
    expect(String(failures[0]?.error)).to.contain('catch-up');
  });
});
