import { expect } from 'chai';
import type { BucketEvent, BucketWarningEvent } from '../../../../src/actors/bus/events.js';
import type { BucketEntry } from '../../../../src/actors/ports/location-bucket.js';
import { addresses } from '../../../../src/actors/addresses.js';
import {
  fromBucket,
  type FetchReason,
  type TouchedStoreMessage,
} from '../../../../src/actors/replication/nats/messages.js';
import type { ListedMessage } from '../../../../src/actors/bus/requests.js';
import type { StoreMessage } from '../../../../src/actors/store/messages.js';
import { defaultLimits } from '../../../../src/actors/ports/limits.js';
import { NatsSpread } from '../../../../src/actors/replication/nats/nats-spread.js';
import { asClientId } from '../../../../src/protocol/place/ids.js';
import type { Location } from '../../../../src/protocol/place/location.js';
import type { MessageBus } from '../../../../src/runtime/bus/message-bus.js';
import { VirtualClock } from '../../../../src/simulation/time/virtual-clock.js';
import { FakeActor } from '../../../support/fake-actor.js';
import { FakeBucket } from '../../../support/fake-bucket.js';
import { collectEvents, strictBus } from '../../../support/fake-bus.js';
import { flushPromises } from '../../../support/fake-upstream.js';
import { createLocation } from '../../../support/fake-location.js';
import { LocationBatch } from '../../../../src/protocol/place/location-batch.js';

const valueOf = ({ line }: Location) => `2 ${line}`;
const entryOf = (location: Location, revision: number): BucketEntry => ({
  key: `key of ${location.client}`,
  value: valueOf(location),
  revision,
});
const read = (entry: BucketEntry | undefined) => ({ kind: 'read', entry }) as const;

const limits = { ...defaultLimits, maxClients: 1_000 };

describe('NatsSpread, where the store does not hold everything', () => {
  let bus: MessageBus;
  let clock: VirtualClock;
  let bucket: FakeBucket;
  let store: FakeActor<StoreMessage | TouchedStoreMessage>;
  let spread: NatsSpread;
  let states: BucketEvent[];
  let warnings: BucketWarningEvent[];

  beforeEach(() => {
    bus = strictBus();
    clock = new VirtualClock();
    bucket = new FakeBucket();
    store = new FakeActor();
    states = collectEvents(bus, 'bucket');
    warnings = collectEvents(bus, 'bucket-warning');
    bus.attach(addresses.store, store);
    spread = new NatsSpread(bus, { clock, random: { next: () => 0 }, bucket }, limits, 'touched');
    bus.attach(addresses.bucketSpread, spread);
  });

  afterEach(() => spread.stop());

  function report(...locations: Location[]): void {
    bus.send(addresses.bucketSpread, { kind: 'replicate', batch: LocationBatch.of(locations), from: undefined });
    clock.advance(1);
  }

  const fetch = (name: string, reason: FetchReason = 'question') =>
    bus.send(addresses.bucketSpread, { kind: 'fetch', client: asClientId(name), reason });
  const drop = (name: string, reason: FetchReason = 'question') =>
    bus.send(addresses.bucketSpread, { kind: 'fetch-dropped', client: asClientId(name), reason });

  /** What the store was told of the bucket, but for pages that it was asked for. */
  function takeEvents(): { learned: string[]; fetched: [string, string | undefined][] } {
    const messages = store.take();
    return {
      learned: messages.flatMap((message) =>
        message.kind === 'learned' && message.from === fromBucket ? message.locations.map(({ line }) => line) : [],
      ),
      fetched: messages.flatMap((message) =>
        message.kind === 'fetched' ? [[message.client as string, message.location?.line]] : [],
      ),
    };
  }

  /** The keys that were asked for since this was last asked, and how to answer. */
  const takeGets = () => bucket.session.gets.splice(0);

  function takeGet(): ReturnType<typeof takeGets>[number] {
    const [get, ...more] = takeGets();
    if (get === undefined || more.length > 0) throw new Error(`there are ${more.length + (get ? 1 : 0)} questions`);
    return get;
  }

  it('subscribes to changes only, and to all: the store knows whom it holds', () => {
    expect(bucket.session.extent).to.equal('changes');
    bucket.session.loads();
    expect(store.take().map(({ kind }) => kind)).to.include('bucket-back');
    const [kiwi, emu] = [createLocation('kiwi', 1, 'Metta'), createLocation('emu', 1, 'Metta')];
    bucket.session.changes(entryOf(kiwi, 1), entryOf(emu, 2));
    expect(takeEvents().learned).to.deep.equal([kiwi.line, emu.line]);
  });

  it('publishes what the bucket warns of, once', () => {
    bucket.session.loads();
    for (let time = 1; time <= 2; time += 1) bucket.session.warns('four streams, not three');
    expect(warnings.map(({ reason }) => reason)).to.deep.equal(['four streams, not three']);
  });

  describe('while the bucket is there', () => {
    beforeEach(() => {
      bucket.session.loads();
      store.take();
    });

    it('asks before it writes about a client that it knows nothing of', async () => {
      report(createLocation('kiwi', 2), createLocation('emu', 2), createLocation('moa', 2));
      expect(bucket.session.takePuts()).to.deep.equal([]);
      const [kiwi, emu, moa] = takeGets();
      expect(kiwi?.key).to.equal('key of kiwi');
      await kiwi?.ends(read(undefined));
      expect(bucket.session.takePut()).to.include({ key: 'key of kiwi', revision: 0 });
      await emu?.ends(read(entryOf(createLocation('emu', 1, 'Metta'), 7)));
      expect(bucket.session.takePut()).to.include({ value: valueOf(createLocation('emu', 2)), revision: 7 });
      takeEvents();
      const newer = createLocation('moa', 3, 'Metta');
      await moa?.ends(read(entryOf(newer, 8)));
      expect(bucket.session.takePuts()).to.deep.equal([]);
      expect(takeEvents().learned).to.include(newer.line);
    });

    it('does not ask again about a client that it has written about, and goes by what changes meanwhile', async () => {
      report(createLocation('kiwi', 1));
      await takeGet().ends(read(undefined));
      await bucket.session.takePut().ends({ kind: 'stored', revision: 1 });
      bucket.session.changes(entryOf(createLocation('kiwi', 2, 'Metta'), 5));
      report(createLocation('kiwi', 3));
      expect(takeGets()).to.deep.equal([]);
      expect(bucket.session.takePut()).to.include({ revision: 5 });
    });

    it('prefers a change that came during a get to the older answer', async () => {
      report(createLocation('kiwi', 3));
      const get = takeGet();
      bucket.session.changes(entryOf(createLocation('kiwi', 2, 'Metta'), 6));
      await get.ends(read(entryOf(createLocation('kiwi', 1, 'Metta'), 5)));
      expect(bucket.session.takePut()).to.include({ revision: 6 });
    });

    it('prefers a change that came during a write', async () => {
      report(createLocation('kiwi', 1));
      await takeGet().ends(read(undefined));
      const put = bucket.session.takePut();
      bucket.session.changes(entryOf(createLocation('kiwi', 1), 1), entryOf(createLocation('kiwi', 2, 'Metta'), 2));
      await put.ends({ kind: 'stored', revision: 1 });
      report(createLocation('kiwi', 3));
      expect(bucket.session.takePut()).to.include({ revision: 2 });
    });

    it('gives the store the newer location, where a client was evicted and reports something old', async () => {
      report(createLocation('kiwi', 5));
      await takeGet().ends(read(undefined));
      await bucket.session.takePut().ends({ kind: 'stored', revision: 1 });
      takeEvents();
      report(createLocation('kiwi', 4));
      expect(bucket.session.takePuts()).to.deep.equal([]);
      expect(takeEvents().learned).to.deep.equal([createLocation('kiwi', 5).line]);
    });

    it('is live again after a failed question when nothing waits any more, though nothing was written', async () => {
      report(createLocation('kiwi', 1));
      await takeGet().ends({ kind: 'failed', reason: 'no answer in time' });
      expect(states.at(-1)).to.include({ state: 'write-blocked', reason: 'no answer in time', pendingWrites: 1 });
      clock.advance(1_000);
      await takeGet().ends(read(entryOf(createLocation('kiwi', 1), 1)));
      expect(states.at(-1)).to.include({ state: 'live', reason: '', pendingWrites: 0 });
    });

    it('gets a client that the store wants, asking once for all who want it at the same time', async () => {
      for (let time = 0; time < 3; time += 1) fetch('kiwi');
      const location = createLocation('kiwi', 1, 'Metta');
      await takeGet().ends(read(entryOf(location, 1)));
      expect(takeEvents().fetched).to.deep.equal([['kiwi', location.line]]);
      fetch('kiwi');
      expect(takeGets()).to.have.lengthOf(1);
    });

    for (const [what, outcome] of [
      ['has nothing', read(undefined)],
      ['has something that was deleted', read({ key: 'key of kiwi', value: undefined, revision: 3 })],
      ['has something that is not understood', read({ key: 'key of kiwi', value: '2 what', revision: 3 })],
      ['does not say', { kind: 'failed', reason: 'no answer in time' }],
    ] as const) {
      it(`reports nothing found to the store where the bucket ${what}`, async () => {
        fetch('kiwi');
        await takeGet().ends(outcome);
        expect(takeEvents().fetched).to.deep.equal([['kiwi', undefined]]);
      });
    }

    it('gets the newest, where a change comes during a get', async () => {
      fetch('kiwi');
      fetch('emu');
      const [kiwi, emu] = takeGets();
      const newer = createLocation('kiwi', 2, 'Metta');
      bucket.session.changes(entryOf(newer, 2), entryOf(createLocation('emu', 1, 'Metta'), 3));
      takeEvents();
      await kiwi?.ends(read(entryOf(createLocation('kiwi', 1, 'Metta'), 1)));
      await emu?.ends(read(undefined));
      expect(takeEvents().fetched).to.deep.equal([
        ['kiwi', newer.line],
        ['emu', createLocation('emu', 1, 'Metta').line],
      ]);
    });

    it('gets what waits to be written, where that is newer than what the bucket has', async () => {
      report(createLocation('kiwi', 2));
      fetch('kiwi');
      const [, get] = takeGets();
      await get?.ends(read(entryOf(createLocation('kiwi', 1, 'Metta'), 1)));
      expect(takeEvents().fetched).to.deep.equal([['kiwi', createLocation('kiwi', 2).line]]);
    });

    it('asks for a client that is watched when it comes to its turn, though a question for it has run out of time', async () => {
      for (let client = 0; client < 256; client += 1) fetch(`client-${client}`);
      const gets = takeGets();
      fetch('kiwi', 'watch');
      for (const name of ['kiwi', 'emu', 'moa']) fetch(name);
      fetch('moa', 'watch');
      for (const name of ['kiwi', 'emu']) drop(name);
      drop('moa', 'watch');
      for (const get of gets) await get.ends(read(undefined));
      expect(takeGets().map(({ key }) => key)).to.have.members(['key of kiwi', 'key of moa']);
    });

    it('asks again for a client that is watched until the bucket has said what it holds, and not for others', async () => {
      fetch('kiwi', 'watch');
      fetch('emu');
      for (const get of takeGets()) await get.ends({ kind: 'failed', reason: 'no answer in time' });
      expect(takeGets(), 'not at once').to.deep.equal([]);
      takeEvents();
      fetch('moa');
      const moa = takeGet();
      clock.advance(1_000);
      const kiwi = takeGet();
      expect(kiwi.key).to.equal('key of kiwi');
      const location = createLocation('kiwi', 1, 'Metta');
      await kiwi.ends(read(entryOf(location, 1)));
      expect(takeEvents().fetched).to.deep.equal([['kiwi', location.line]]);
      await moa.ends(read(undefined));
      clock.advance(10_000);
      expect(takeGets()).to.deep.equal([]);
    });

    it('asks no more for a client that is watched no more, and when it has stopped', async () => {
      const fail = async () => {
        for (const name of ['kiwi', 'emu']) fetch(name, 'watch');
        for (const get of takeGets()) await get.ends({ kind: 'failed', reason: 'no answer in time' });
      };
      await fail();
      drop('kiwi', 'watch');
      clock.advance(1_000);
      expect(takeGet().key).to.equal('key of emu');
      await fail();
      spread.stop();
      expect(clock.armedTimerCount).to.equal(0);
    });

    it('has no more than 256 questions on their way', async () => {
      for (let client = 0; client < 300; client += 1) fetch(`client-${client}`);
      const gets = takeGets();
      expect(gets).to.have.lengthOf(256);
      await gets[0]?.ends(read(undefined));
      expect(takeGet().key).to.equal('key of client-256');
    });
  });

  it('writes what waits after having asked, when it is stopped, and closes', async () => {
    bucket.session.loads();
    report(createLocation('kiwi', 2), createLocation('emu', 2), createLocation('moa', 2));
    const { session } = bucket;
    takeGets();
    spread.stop();
    bus.detach(addresses.bucketSpread);
    const deadLetters = collectEvents(bus, 'dead-letter');
    const [kiwi, emu, moa] = session.gets.splice(0);
    await kiwi?.ends(read(undefined));
    await emu?.ends(read(entryOf(createLocation('emu', 1, 'Metta'), 7)));
    expect(session.state).to.equal('open');
    session.changes(entryOf(createLocation('rhea', 1, 'Metta'), 8));
    await moa?.ends(read(entryOf(createLocation('moa', 3, 'Metta'), 9)));
    await flushPromises();
    expect(session.takePuts().map(({ key, revision }) => [key, revision])).to.deep.equal([
      ['key of kiwi', 0],
      ['key of emu', 7],
    ]);
    expect(session.state).to.equal('closed');
    expect(states.at(-1)?.state).to.equal('stopped');
    expect(deadLetters).to.deep.equal([]);
  });

  describe('while the bucket is away', () => {
    it('asks when it is back for those who are still wanted', async () => {
      for (const name of ['kiwi', 'emu']) fetch(name);
      drop('emu');
      expect(takeGets()).to.deep.equal([]);
      bucket.session.loads();
      expect(takeGet().key).to.equal('key of kiwi');
      bucket.session.breaks('connection reset');
      clock.advance(1_000);
      bucket.session.loads();
      const get = takeGet();
      expect(get.key).to.equal('key of kiwi');
      await get.ends(read(undefined));
      expect(takeEvents().fetched).to.deep.equal([['kiwi', undefined]]);
    });

    it('gets what waits to be written', () => {
      report(createLocation('kiwi', 1));
      takeEvents();
      fetch('kiwi');
      expect(takeEvents().fetched).to.deep.equal([['kiwi', createLocation('kiwi', 1).line]]);
    });

    it('lets 10,000 clients wait, and reports nothing found for one more at once', () => {
      for (let client = 0; client < 10_000; client += 1) fetch(`client-${client}`);
      expect(takeEvents().fetched).to.deep.equal([]);
      fetch('one-more');
      expect(takeEvents().fetched).to.deep.equal([['one-more', undefined]]);
      fetch('watched', 'watch');
      expect(takeEvents().fetched, 'there is nobody who waits').to.deep.equal([]);
    });

    it('has as many reports wait as there may be clients, gives up the oldest beyond, and says so once', () => {
      report(...Array.from({ length: 2_005 }, (_, client) => createLocation(`client-${client}`, 1)));
      expect(warnings.map(({ reason }) => reason)).to.have.lengthOf(1);
      expect(warnings[0]?.reason).to.match(/^more than limits\.maxClients locations wait for the bucket/);
      bucket.session.loads();
      expect(takeGets()[0]?.key).to.equal('key of client-5');
    });
  });

  it('compares nothing while much waits to be written: that is nowhere else', () => {
    report(...Array.from({ length: 1_500 }, (_, client) => createLocation(`client-${client}`, 1)));
    bucket.session.loads();
    clock.advance(1);
    expect(store.take().map(({ kind }) => kind)).to.deep.equal(['bucket-back']);
  });

  it('goes on comparing while much waits for a shard that takes no writes, but not when there is no room', async () => {
    bucket.shards = ['k', 'e'];
    bucket.session.breaks('it is split just now');
    clock.advance(1_000);
    const many = (length: number) => Array.from({ length }, (_, client) => createLocation(`k${client}`, 1));
    report(...many(1_200));
    bucket.session.loads();
    for (const get of takeGets()) await get.ends({ kind: 'failed', reason: 'the disk is full' });
    clock.advance(1);
    expect(store.take().map(({ kind }) => kind)).to.include('list');
    bucket.session.breaks('connection reset');
    report(...many(1_600));
    clock.advance(1_000);
    bucket.session.loads();
    for (const get of takeGets()) await get.ends({ kind: 'failed', reason: 'the disk is full' });
    clock.advance(1);
    expect(store.take().map(({ kind }) => kind)).to.not.include('list');
  });

  it('asks for everything that the store holds each time that the bucket is back, and goes on when little waits', async () => {
    const many = Array.from({ length: 1_300 }, (_, client) => createLocation(`client-${client}`, 2));
    bucket.session.loads();
    clock.advance(1);
    const deal = (page: Omit<ListedMessage, 'kind' | 'requestId' | 'size'>): void => {
      const list = store.take().find(({ kind }) => kind === 'list');
      if (list?.kind !== 'list') throw new Error('no page was asked for');
      bus.send(list.replyTo, { kind: 'listed', requestId: list.requestId, size: 0, ...page });
    };
    deal({ locations: many.slice(0, 1_000 + 256), next: 7 });
    clock.advance(1);
    expect(store.take(), 'enough waits').to.deep.equal([]);
    const [held, ...requestedGets] = takeGets();
    let gets = requestedGets;
    await held?.ends(read(entryOf(many[0]!, 1)));
    const newer = createLocation('client-1', 3, 'Metta');
    await gets[0]?.ends(read(entryOf(newer, 2)));
    await gets[1]?.ends(read(undefined));
    expect(bucket.session.takePut()).to.include({ key: 'key of client-2', revision: 0 });
    expect(takeEvents().learned).to.include(newer.line);
    gets = gets.slice(2);
    while (gets.length > 0) {
      for (const [index, get] of gets.entries())
        await get.ends(read(entryOf(createLocation(get.key.slice(7), 2), index + 3)));
      gets = takeGets();
    }
    clock.advance(1);
    deal({ locations: [], next: undefined });
  });
});
