import { expect } from 'chai';
import type { BucketEvent, BucketWarningEvent } from '../../../../src/actors/bus/events.js';
import type { BucketEntry } from '../../../../src/actors/ports/location-bucket.js';
import { addresses } from '../../../../src/actors/addresses.js';
import { fromBucket } from '../../../../src/actors/replication/nats/messages.js';
import type { ListedMessage } from '../../../../src/actors/bus/requests.js';
import type { StoreMessage } from '../../../../src/actors/store/messages.js';
import { hashCount } from '../../../../src/actors/store/hash-key.js';
import { defaultLimits } from '../../../../src/actors/ports/limits.js';
import { NatsSpread } from '../../../../src/actors/replication/nats/nats-spread.js';
import type { Location } from '../../../../src/protocol/place/location.js';
import type { MessageBus } from '../../../../src/runtime/bus/message-bus.js';
import { VirtualClock } from '../../../../src/simulation/time/virtual-clock.js';
import { FakeActor } from '../../../support/fake-actor.js';
import { FakeBucket } from '../../../support/fake-bucket.js';
import { collectEvents, strictBus } from '../../../support/fake-bus.js';
import { createLocation } from '../../../support/fake-location.js';
import { LocationBatch } from '../../../../src/protocol/place/location-batch.js';

const valueOf = ({ line }: Location) => `2 ${line}`;
const entryOf = (location: Location, revision: number): BucketEntry => ({
  key: `key of ${location.client}`,
  value: valueOf(location),
  revision,
});

const limits = { ...defaultLimits, maxClients: 1_000 };

describe('NatsSpread', () => {
  let bus: MessageBus;
  let clock: VirtualClock;
  let bucket: FakeBucket;
  let store: FakeActor<StoreMessage>;
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
    spread = new NatsSpread(bus, { clock, random: { next: () => 0.999 }, bucket }, limits, 'all');
    bus.attach(addresses.bucketSpread, spread);
  });

  afterEach(() => spread.stop());

  function report(...locations: Location[]): void {
    bus.send(addresses.bucketSpread, { kind: 'replicate', batch: LocationBatch.of(locations), from: undefined });
    clock.advance(1);
  }

  /** What the store was told that it did not know by itself. */
  function learned(): string[] {
    return store.take().flatMap((message) => {
      if (message.kind !== 'learned') return [];
      expect(message.from).to.equal(fromBucket);
      return message.locations.map(({ line }) => line);
    });
  }

  /** Plays the store: deals out pages as long as it is asked for some. */
  function dealOut(pages: ReadonlyMap<number, Omit<ListedMessage, 'kind' | 'requestId' | 'size'>>): number[] {
    const requested: number[] = [];
    clock.advance(1);
    for (let page = store.take(); page.length > 0; page = store.take()) {
      for (const message of page) {
        if (message.kind !== 'list') continue;
        requested.push(message.from);
        const { replyTo, requestId, from } = message;
        const dealt = pages.get(from) ?? { locations: [], next: undefined };
        bus.send(replyTo, { kind: 'listed', requestId, size: 0, ...dealt });
        clock.advance(1);
      }
    }
    return requested;
  }

  const stateNow = () => states.at(-1)?.state;

  describe('while the bucket is there', () => {
    beforeEach(() => bucket.session.loads());

    it('writes what is new, and what is newer in its place', async () => {
      const first = createLocation('kiwi', 1);
      report(first);
      const put = bucket.session.takePut();
      expect(put).to.include({ key: 'key of kiwi', value: valueOf(first), revision: 0 });
      await put.ends({ kind: 'stored', revision: 7 });
      report(createLocation('kiwi', 2));
      expect(bucket.session.takePut()).to.include({ value: valueOf(createLocation('kiwi', 2)), revision: 7 });
    });

    it('answers first: what is reported is written after the turn in which it was', () => {
      bus.send(addresses.bucketSpread, {
        kind: 'replicate',
        batch: LocationBatch.of([createLocation('kiwi', 1)]),
        from: undefined,
      });
      bus.send(addresses.bucketSpread, {
        kind: 'replicate',
        batch: LocationBatch.of([createLocation('kiwi', 2)]),
        from: undefined,
      });
      expect(bucket.session.takePuts()).to.deep.equal([]);
      clock.advance(1);
      expect(bucket.session.takePut()).to.include({ value: valueOf(createLocation('kiwi', 2)) });
    });

    it('writes one location of a client at a time, and of those that come meanwhile the newest', async () => {
      report(createLocation('kiwi', 1));
      const put = bucket.session.takePut();
      report(createLocation('kiwi', 2), createLocation('kiwi', 4));
      report(createLocation('kiwi', 3));
      expect(bucket.session.takePuts()).to.deep.equal([]);
      await put.ends({ kind: 'stored', revision: 1 });
      expect(bucket.session.takePut()).to.include({ value: valueOf(createLocation('kiwi', 4)), revision: 1 });
    });

    it('has no more than 256 locations on their way', async () => {
      report(...Array.from({ length: 1_000 }, (_, client) => createLocation(`client-${client}`, 1)));
      const puts = bucket.session.takePuts();
      expect(puts).to.have.lengthOf(256);
      await puts[0]?.ends({ kind: 'stored', revision: 1 });
      expect(bucket.session.takePuts()).to.have.lengthOf(1);
    });

    it('learns what others write, and does not write it again', () => {
      const location = createLocation('kiwi', 1, 'Metta');
      bucket.session.changes(entryOf(location, 1));
      expect(learned()).to.deep.equal([location.line]);
      bus.send(addresses.bucketSpread, { kind: 'replicate', batch: LocationBatch.of([location]), from: fromBucket });
      expect(bucket.session.takePuts()).to.deep.equal([]);
    });

    it('writes over what another server has written, at its revision', () => {
      bucket.session.changes(entryOf(createLocation('kiwi', 1, 'Metta'), 5));
      report(createLocation('kiwi', 2));
      expect(bucket.session.takePut()).to.include({ revision: 5 });
    });

    it('writes a newer one again over which somebody has written an older one', async () => {
      const newer = createLocation('kiwi', 2, 'Metta');
      bucket.session.changes(entryOf(newer, 5));
      bucket.session.changes(entryOf(createLocation('kiwi', 1, 'Metta'), 6));
      clock.advance(1);
      const put = bucket.session.takePut();
      expect(put).to.include({ value: valueOf(newer), revision: 6 });
      await put.ends({ kind: 'conflict' });
      await bucket.session.gets[0]?.ends({ kind: 'read', entry: entryOf(newer, 7) });
      expect(bucket.session.takePuts(), 'another was faster').to.deep.equal([]);
    });

    it('leaves a newer one there that it did not know of, and learns it', async () => {
      report(createLocation('kiwi', 1));
      await bucket.session.takePut().ends({ kind: 'conflict' });
      const newer = createLocation('kiwi', 2, 'Metta');
      await bucket.session.gets[0]?.ends({ kind: 'read', entry: entryOf(newer, 3) });
      expect(bucket.session.takePuts()).to.deep.equal([]);
      expect(learned()).to.deep.equal([newer.line]);
    });

    it('replaces an older one there that it did not know of', async () => {
      report(createLocation('kiwi', 2));
      await bucket.session.takePut().ends({ kind: 'conflict' });
      await bucket.session.gets[0]?.ends({ kind: 'read', entry: entryOf(createLocation('kiwi', 1, 'Metta'), 3) });
      expect(bucket.session.takePut()).to.include({ value: valueOf(createLocation('kiwi', 2)), revision: 3 });
    });

    it('writes in place of what somebody has deleted', async () => {
      bucket.session.changes(entryOf(createLocation('kiwi', 1, 'Metta'), 5));
      report(createLocation('kiwi', 2));
      await bucket.session.takePut().ends({ kind: 'conflict' });
      await bucket.session.gets[0]?.ends({
        kind: 'read',
        entry: { key: 'key of kiwi', value: undefined, revision: 6 },
      });
      const put = bucket.session.takePut();
      expect(put).to.include({ revision: 6 });
      await put.ends({ kind: 'conflict' });
      await bucket.session.gets[1]?.ends({ kind: 'read', entry: undefined });
      expect(bucket.session.takePut()).to.include({ revision: 0 });
    });

    it('gives way for a while after ten conflicts in a row about one client, and then tries again', async () => {
      report(createLocation('kiwi', 2));
      for (let time = 1; time <= 11; time += 1) {
        await bucket.session.takePut().ends({ kind: 'conflict' });
        const older = entryOf(createLocation('kiwi', 1, 'Metta'), time);
        await bucket.session.gets[time - 1]?.ends({ kind: 'read', entry: older });
      }
      expect(stateNow()).to.equal('write-blocked');
      expect(bucket.session.takePuts()).to.deep.equal([]);
      clock.advance(1_000);
      expect(bucket.session.takePut()).to.include({ value: valueOf(createLocation('kiwi', 2)) });
    });

    it('keeps what the bucket does not take, says so, and tries again until it does', async () => {
      report(createLocation('kiwi', 1));
      for (let time = 1; time <= 30; time += 1) {
        await bucket.session.takePut().ends({ kind: 'failed', reason: 'the disk is full' });
        expect(states.at(-1)).to.include({ state: 'write-blocked', reason: 'the disk is full', pendingWrites: 1 });
        report(createLocation('kiwi', time + 1), createLocation('emu', time));
        expect(bucket.session.takePuts(), 'nothing is written meanwhile').to.deep.equal([]);
        clock.advance(1_000);
        const [kiwi, ...others] = bucket.session.takePuts();
        expect(kiwi).to.include({ value: valueOf(createLocation('kiwi', time + 1)) });
        bucket.session.puts.push(kiwi!);
        for (const other of others) await other.ends({ kind: 'refused', reason: 'not now' });
      }
      await bucket.session.takePut().ends({ kind: 'stored', revision: 1 });
      expect(states.at(-1)).to.deep.include({ state: 'live', reason: '', pendingWrites: 0 });
    });

    it('is live again when nothing waits any more, because others have written what it could not', async () => {
      report(createLocation('kiwi', 1));
      await bucket.session.takePut().ends({ kind: 'failed', reason: 'the disk is full' });
      expect(stateNow()).to.equal('write-blocked');
      bucket.session.changes(entryOf(createLocation('kiwi', 2, 'Metta'), 1));
      clock.advance(1_000);
      expect(bucket.session.takePuts()).to.deep.equal([]);
      expect(states.at(-1)).to.deep.include({ state: 'live', reason: '', pendingWrites: 0 });
    });

    it('is live again when what stands there turns out to be newer than what it could not write', async () => {
      report(createLocation('kiwi', 1));
      await bucket.session.takePut().ends({ kind: 'failed', reason: 'no answer in time' });
      clock.advance(1_000);
      await bucket.session.takePut().ends({ kind: 'conflict' });
      await bucket.session.gets[0]?.ends({ kind: 'read', entry: entryOf(createLocation('kiwi', 2, 'Metta'), 3) });
      expect(states.at(-1)).to.deep.include({ state: 'live', reason: '', pendingWrites: 0 });
    });

    it('gives up what the bucket will never take, says so once, and goes on', async () => {
      report(createLocation('kiwi', 1), createLocation('emu', 1), createLocation('moa', 1));
      const [kiwi, emu, moa] = bucket.session.takePuts();
      await kiwi?.ends({ kind: 'refused', reason: 'too large' });
      await emu?.ends({ kind: 'refused', reason: 'too large' });
      await moa?.ends({ kind: 'stored', revision: 1 });
      expect(warnings).to.have.lengthOf(1);
      expect(warnings[0]?.reason).to.contain('too large');
      expect(stateNow()).to.equal('live');
    });

    it('reads what a server of version 1 wrote, and writes over it what is newer', () => {
      const [older, newer] = [createLocation('kiwi', 1), createLocation('kiwi', 2)];
      bucket.session.changes({ key: 'key of kiwi', value: `1 ${older.line}`, revision: 4 });
      expect(learned()).to.deep.equal([older.line]);
      report(newer);
      expect(bucket.session.takePut()).to.include({ value: `2 ${newer.line}`, revision: 4 });
    });

    it('ignores values of versions that it does not know, warns once, and does not write over them', async () => {
      const later: BucketEntry = { key: 'key of kiwi', value: '3 something else', revision: 4 };
      bucket.session.changes(later, { ...later, key: 'key of emu', revision: 5 });
      expect(learned()).to.deep.equal([]);
      expect(warnings.map(({ reason }) => reason)).to.deep.equal([
        'the bucket has values of version 3, which this server does not know, and ignores',
      ]);
      report(createLocation('kiwi', 1));
      await bucket.session.takePut().ends({ kind: 'conflict' });
      await bucket.session.gets[0]?.ends({ kind: 'read', entry: later });
      expect(bucket.session.takePuts()).to.deep.equal([]);
      expect(stateNow()).to.equal('live');
    });

    for (const [what, entry] of [
      ['no value of a herd', { key: 'key of kiwi', value: 'hello', revision: 1 }],
      ['no AT line', { key: 'key of kiwi', value: '2 AT hello', revision: 1 }],
      ['the location of another client', { ...entryOf(createLocation('emu', 1), 1), key: 'key of kiwi' }],
    ] as const) {
      it(`ignores what is ${what}, and warns`, () => {
        bucket.session.changes(entry, entryOf(createLocation('moa', 1, 'Metta'), 2));
        expect(learned()).to.deep.equal([createLocation('moa', 1, 'Metta').line]);
        expect(warnings).to.have.lengthOf(1);
      });
    }

    it('writes everything that waits when it is stopped, and closes', async () => {
      report(...Array.from({ length: 300 }, (_, client) => createLocation(`client-${client}`, 1)));
      const { session } = bucket;
      spread.stop();
      const puts = session.takePuts();
      expect(new Set(puts.map(({ key }) => key)).size).to.equal(300);
      expect(stateNow()).to.equal('stopped');
      for (const put of puts) await put.ends({ kind: 'stored', revision: 1 });
      expect(session.state).to.equal('closed');
    });

    it('also where another was faster with what is older, and not with what is newer', async () => {
      const { session } = bucket;
      report(createLocation('kiwi', 2), createLocation('moa', 2));
      session.takePuts();
      spread.stop();
      for (const put of session.takePuts()) await put.ends({ kind: 'conflict' });
      for (const [at, [client, stands]] of (
        [
          ['kiwi', 1],
          ['moa', 3],
        ] as const
      ).entries()) {
        await session.gets[at]?.ends({ kind: 'read', entry: entryOf(createLocation(client, stands), 7) });
      }
      expect(session.takePuts().map(({ key, revision }) => [key, revision])).to.deep.equal([['key of kiwi', 7]]);
      expect(session.state).to.equal('closed');
    });
  });

  describe('while the bucket is away', () => {
    it('says why, and never gives up', () => {
      for (let attempt = 1; attempt <= 50; attempt += 1) {
        bucket.session.breaks('connection refused');
        expect(states.at(-1)).to.include({ state: 'disconnected', reason: 'connection refused' });
        expect(bucket.sessions).to.have.lengthOf(attempt);
        clock.advance(1_000);
      }
      expect(bucket.sessions).to.have.lengthOf(51);
      bucket.session.loads();
      expect(stateNow()).to.equal('live');
    });

    it('does not wait for ever for a bucket that says nothing', () => {
      clock.advance(15_000);
      expect(states.at(-1)).to.include({ state: 'disconnected', reason: 'no bucket in time' });
      expect(bucket.session.state).to.equal('closed');
    });

    it('writes nothing before everything is loaded, and then the newest of each client', () => {
      report(createLocation('kiwi', 1));
      bucket.session.opens();
      report(createLocation('kiwi', 3), createLocation('emu', 1));
      report(createLocation('kiwi', 2));
      expect(bucket.session.takePuts()).to.deep.equal([]);
      bucket.session.loads();
      const values = bucket.session.takePuts().map(({ value }) => value);
      expect(values).to.have.members([valueOf(createLocation('kiwi', 3)), valueOf(createLocation('emu', 1))]);
    });

    it('writes again what was on its way when the bucket was lost', async () => {
      bucket.session.loads();
      report(createLocation('kiwi', 1));
      const lost = bucket.session.takePut();
      bucket.session.breaks('connection reset');
      await lost.ends({ kind: 'failed', reason: 'over' });
      clock.advance(1_000);
      bucket.session.loads();
      expect(bucket.session.takePut()).to.include({ value: valueOf(createLocation('kiwi', 1)), revision: 0 });
    });

    it('does not write again what got there all the same', async () => {
      bucket.session.loads();
      report(createLocation('kiwi', 1));
      bucket.session.breaks('connection reset');
      await bucket.session.takePut().ends({ kind: 'failed', reason: 'over' });
      clock.advance(1_000);
      bucket.session.loads(entryOf(createLocation('kiwi', 1), 1));
      expect(bucket.session.takePuts()).to.deep.equal([]);
    });

    it('ignores what comes from a session that is over', () => {
      const [first] = bucket.sessions;
      first?.breaks('connection reset');
      clock.advance(1_000);
      first?.changes(entryOf(createLocation('kiwi', 1), 1));
      first?.breaks('once more');
      expect(learned()).to.deep.equal([]);
      expect(stateNow()).to.equal('connecting');
    });
  });

  describe('while the bucket is split', () => {
    const everybody = (time: number, letter: string) =>
      Array.from({ length: 300 }, (_, client) => createLocation(`${letter}${client}`, time));

    beforeEach(() => {
      bucket.session.breaks('it is split just now');
      bucket.shards = ['k', 'e', 'm'];
      report(...everybody(1, 'k'));
      clock.advance(1_000);
      bucket.session.loads();
    });

    /** Answers the writes that there are by their shard, until there are none. Returns how many were stored. */
    async function answerAll(failing: ReadonlyMap<string, string>): Promise<number> {
      let stored = 0;
      for (let puts = bucket.session.takePuts(); puts.length > 0; puts = bucket.session.takePuts()) {
        for (const { key, ends } of puts) {
          const reason = failing.get(key.charAt('key of '.length));
          if (reason === undefined) stored += 1;
          await ends(reason === undefined ? { kind: 'stored', revision: stored } : { kind: 'failed', reason });
        }
      }
      return stored;
    }

    it('writes into each shard, however many are on their way into others', () => {
      report(...everybody(1, 'e'));
      const shards = bucket.session.takePuts().map(({ key }) => key.charAt('key of '.length));
      expect(shards.filter((shard) => shard === 'k')).to.have.lengthOf(256);
      expect(shards.filter((shard) => shard === 'e')).to.have.lengthOf(256);
    });

    it('goes on with the others while one takes no writes, and says which, until that one does', async () => {
      const failing = new Map([['k', 'the disk is full']]);
      await answerAll(failing);
      const before = states.length;
      for (let time = 2; time <= 20; time += 1) {
        report(...everybody(time, 'e'));
        expect(await answerAll(failing), 'all of the other shard are stored at once').to.equal(300);
        clock.advance(1_000);
        await answerAll(failing);
      }
      const seenStates = states.slice(before - 1);
      expect(new Set(seenStates.map(({ state, reason }) => `${state}: ${reason}`))).to.deep.equal(
        new Set(['write-blocked: shard k: the disk is full']),
      );
      clock.advance(1_000);
      expect(await answerAll(new Map())).to.equal(300);
      expect(states.at(-1)).to.deep.include({ state: 'live', reason: '', retryInMs: 0 });
    });

    it('names each that takes no writes, and is blocked until the last of them does', async () => {
      report(createLocation('emu', 1), createLocation('moa', 1));
      await answerAll(new Map(['k', 'e', 'm'].map((shard) => [shard, `${shard} is full`])));
      const reason = 'shard k: k is full; shard e: e is full; shard m: m is full';
      expect(states.at(-1)).to.include({ state: 'write-blocked', reason });
      const before = states.length;
      for (let tried = 0; tried < 5; tried += 1) {
        clock.advance(1_000);
        await answerAll(new Map(['k', 'e', 'm'].map((shard) => [shard, `${shard} is full`])));
      }
      expect(states.length - before, 'told of in vain, once for all shards').to.be.within(1, 10);
      clock.advance(1_000);
      await answerAll(new Map([['m', 'no answer in time']]));
      expect(states.at(-1)).to.include({ state: 'write-blocked', reason: 'shard m: no answer in time' });
      clock.advance(1_000);
      await answerAll(new Map());
      expect(stateNow()).to.equal('live');
    });

    it('gives up one that waits for the shard for which most wait, and nobody who waits for another', async () => {
      await answerAll(new Map([['k', 'the disk is full']]));
      report(...Array.from({ length: 2_000 }, (_, client) => createLocation(`k${client}`, 2)));
      expect(warnings).to.have.lengthOf(0);
      report(createLocation('emu', 1));
      expect(warnings).to.have.lengthOf(1);
      expect(bucket.session.takePut()).to.include({ key: 'key of emu' });
    });

    it('writes when it is stopped what the shards take that take anything', async () => {
      await answerAll(new Map([['k', 'the disk is full']]));
      report(createLocation('emu', 1));
      const { session } = bucket;
      spread.stop();
      const keys = session.takePuts().map(({ key }) => key);
      expect(new Set(keys)).to.deep.equal(new Set(['key of emu']));
    });
  });

  it('writes what the store holds and the bucket lacks, each time that it is loaded, from anywhere and all the way round', () => {
    const [held, newer, lacking] = [createLocation('kiwi', 1), createLocation('emu', 2), createLocation('moa', 1)];
    for (const time of [1, 2]) {
      bucket.session.loads(entryOf(held, 1), entryOf(createLocation('emu', 1), 2));
      const start = Math.floor(0.999 * hashCount);
      const requested = dealOut(
        new Map([
          [start, { locations: [held, newer], next: undefined }],
          [0, { locations: [], next: 300 }],
          [300, { locations: [lacking], next: start + 1 }],
        ]),
      );
      expect(requested).to.deep.equal([start, 0, 300]);
      const puts = bucket.session.takePuts();
      expect(
        puts.map(({ value, revision }) => [value, revision]),
        `time ${time}`,
      ).to.have.deep.members([
        [valueOf(newer), 2],
        [valueOf(lacking), 0],
      ]);
      bucket.session.breaks('connection reset');
      clock.advance(1_000);
    }
  });

  it('takes no page for that of another comparison', () => {
    bucket.session.loads();
    clock.advance(1);
    const [requested] = store.take();
    if (requested?.kind !== 'list') throw new Error('nothing was asked');
    bucket.session.breaks('connection reset');
    clock.advance(1_000);
    bucket.session.loads();
    const { replyTo, requestId } = requested;
    const locations = [createLocation('kiwi', 1)];
    bus.send(replyTo, { kind: 'listed', requestId, size: 1, locations, next: undefined });
    expect(bucket.session.takePuts()).to.deep.equal([]);
  });

  it('asks for a page again, after a pause, over which the store failed', () => {
    bucket.session.loads();
    clock.advance(1);
    const [requested] = store.take();
    if (requested?.kind !== 'list') throw new Error('nothing was asked');
    bus.send(addresses.bucketSpread, { kind: 'request-failed', requestId: requested.requestId });
    clock.advance(999);
    expect(store.take()).to.deep.equal([]);
    clock.advance(1);
    expect(store.take()).to.deep.equal([requested]);
    bus.send(addresses.bucketSpread, { kind: 'request-failed', requestId: requested.requestId - 1 });
    clock.advance(2_000);
    expect(store.take(), 'a question of an earlier comparison').to.deep.equal([]);
    const locations = [createLocation('kiwi', 1)];
    bus.send(requested.replyTo, {
      kind: 'listed',
      requestId: requested.requestId,
      size: 1,
      locations,
      next: undefined,
    });
    expect(bucket.session.takePuts()).to.have.lengthOf(1);
  });

  it('is not failed by a client at whose location it remembers no revision', () => {
    const many = Array.from({ length: 1_001 }, (_, index) => entryOf(createLocation(`client-${index}`, 1), index + 1));
    bucket.session.loads(...many);
    report(createLocation('client-0', 2), createLocation('client-1000', 2));
    expect(bucket.session.takePuts().map(({ revision }) => revision)).to.deep.equal([0, 1_001]);
  });
});
