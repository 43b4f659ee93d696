import { expect } from 'chai';
import fc from 'fast-check';
import { LocationStore } from '../../../src/actors/store/location-store.js';
import { storedLocationBytes } from '../../../src/actors/store/location-bytes.js';
import { addresses } from '../../../src/actors/addresses.js';
import { address } from '../../../src/actors/bus/bus.js';
import type { ListedMessage } from '../../../src/actors/bus/requests.js';
import type { ConnectionMessage } from '../../../src/actors/client/messages.js';
import type { LookupMessage } from '../../../src/actors/replication/messages.js';
import type { LinkMessage } from '../../../src/actors/peer/messages.js';
import { leafOf, Digest, partitionCount } from '../../../src/protocol/place/digest.js';
import { asClientId, type ServerId } from '../../../src/protocol/place/ids.js';
import { clientEndColumn, columnsPerRow, LocationBatch } from '../../../src/protocol/place/location-batch.js';
import { supersedes, type Location } from '../../../src/protocol/place/location.js';
import { formatSkew, type Instant } from '../../../src/protocol/place/time.js';
import type { MessageBus } from '../../../src/runtime/bus/message-bus.js';
import { VirtualClock } from '../../../src/simulation/time/virtual-clock.js';
import { FakeActor } from '../../support/fake-actor.js';
import { FakeFlood, linesOf, replicated } from '../../support/fake-flood.js';
import { collectEvents, strictBus } from '../../support/fake-bus.js';
import { createLocation, toServerId } from '../../support/fake-location.js';
import { locationFromFields } from '../../support/arbitraries.js';
import { defaultLimits } from '../../../src/actors/ports/limits.js';
import { fixedRandom } from '../../support/fixed-random.js';
import { toggleAll } from '../../support/table-model.js';

const asker = addresses.connection(1);
const readerAddress = address<ListedMessage>('reader');
const neighbour = toServerId('Metta');
const maxClients = 1_000_000;
/** The hashes of any partition of a store that holds nothing. */
const nothing = new Digest().encodeLeafHashes(0);

/** A location that Blake received at a second, from a client with a clock of its own. */
function receivedAt(client: string, received: number, time: string): Location {
  const skew = formatSkew({ seconds: received, nanoseconds: 0 }, { seconds: Number(time), nanoseconds: 0 });
  return locationFromFields({ client, time, skew });
}

/** A clock that is set by hand. */
class SetClock extends VirtualClock {
  constructor(public seconds: number) {
    super();
  }

  override now(): Instant {
    return { seconds: this.seconds, nanoseconds: 0 };
  }
}

describe('LocationStore', () => {
  let bus: MessageBus;
  let flood: FakeFlood;
  let link: FakeActor<LinkMessage>;
  let clientLookup: FakeActor<LookupMessage>;
  let client: FakeActor<ConnectionMessage>;

  beforeEach(() => {
    bus = strictBus();
    flood = new FakeFlood();
    link = new FakeActor();
    clientLookup = new FakeActor();
    client = new FakeActor();
    bus.attach(addresses.flood, flood);
    bus.attach(addresses.lookup, clientLookup);
    bus.attach(addresses.link(neighbour), link);
    bus.attach(asker, client);
    bus.attach(
      addresses.store,
      new LocationStore(bus, new VirtualClock(), fixedRandom, { ...defaultLimits, maxClients }),
    );
  });

  function report(location: Location): void {
    bus.send(addresses.store, { kind: 'report', batch: LocationBatch.of([location]) });
  }

  function whereis(name: string): Location | undefined {
    const request = { client: asClientId(name), remoteHost: '192.0.2.1', replyTo: asker, requestId: 3 };
    bus.send(addresses.store, { kind: 'whereis', ...request });
    const [answer] = client.take();
    if (answer === undefined) {
      expect(clientLookup.received.pop(), 'an unknown client is looked up').to.deep.equal({
        kind: 'lookup',
        known: undefined,
        ...request,
      });
      return undefined;
    }
    if (answer.kind !== 'located') throw new Error(`asked where ${name} is, got ${answer.kind}`);
    expect(answer.requestId).to.equal(3);
    return answer.location;
  }

  /** The neighbour tells what buckets it holds in every partition, and wants what differs: everything, if it holds nothing. */
  function catchUp(to: ServerId, held?: Digest): void {
    for (let partition = 0; partition < partitionCount; partition += 1) {
      const buckets = held?.encodeLeafHashes(partition) ?? nothing;
      bus.send(addresses.antiEntropy, { kind: 'leaves-received', neighbour: to, partition, leafHashes: buckets });
    }
    bus.send(addresses.antiEntropy, { kind: 'catch-up', neighbour: to });
  }

  /** The pages that have come in since this was last asked. */
  function pages(): { clients: string[]; lines: readonly string[]; isLast: boolean }[] {
    return flood.takePages().map(({ lines, isLast, to }) => {
      expect(to).to.equal(neighbour);
      return { lines, isLast, clients: lines.map((line) => line.split(' ')[3] ?? '') };
    });
  }

  /** What the lookup was told of since this was last asked. */
  function foundClients(): { line: string; isFlooded: boolean }[] {
    return clientLookup.take().map((message) => {
      if (message.kind !== 'client-found') throw new Error(`expected no ${message.kind}`);
      return { line: message.location.line, isFlooded: message.isFlooded };
    });
  }

  it('responds with the location of a client that was reported, and forwards a request for another one to the lookup', () => {
    report(createLocation('kiwi', 1));
    expect(whereis('kiwi')?.line).to.equal(createLocation('kiwi', 1).line);
    expect(whereis('emu')).to.equal(undefined);
  });

  it('[LO1] [LO3] holds the newest location received, whatever the order and the source', () => {
    const anyLocation = fc.record({
      seconds: fc.integer({ min: 0, max: 3 }),
      server: fc.constantFrom('Blake', 'Bryant', 'Gasol'),
      client: fc.constantFrom('kiwi', 'emu'),
      learned: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(anyLocation, { minLength: 1 }), (delivery) => {
        bus.attach(
          addresses.store,
          new LocationStore(bus, new VirtualClock(), fixedRandom, { ...defaultLimits, maxClients }),
        );
        flood.take();
        const greatest = new Map<string, Location>();
        for (const { seconds, server, client, learned } of delivery) {
          const location = createLocation(client, seconds, server);
          if (learned)
            bus.send(addresses.store, { kind: 'learned', batch: LocationBatch.of([location]), from: neighbour });
          else report(location);
          const before = greatest.get(client);
          const isNew = before === undefined || supersedes(location, before);
          if (isNew) greatest.set(client, location);
          const from = learned ? neighbour : undefined;
          expect(flood.take()).to.deep.equal(isNew ? [replicated([location.line], from)] : []);
        }
        for (const [client, { line }] of greatest) expect(whereis(client)?.line).to.equal(line);
      }),
    );
  });

  it('[LO4] replicates no known or older location', () => {
    const learned: string[][] = [];
    bus.on('locations-learned', ({ batch }) => learned.push(linesOf(batch)));
    report(createLocation('kiwi', 5));
    report(createLocation('kiwi', 5));
    report(createLocation('kiwi', 4));
    expect(learned).to.deep.equal([[createLocation('kiwi', 5).line]]);
    expect(flood.take()).to.have.lengthOf(1);
    expect(whereis('kiwi')?.time).to.equal('5');
  });

  it('replicates locations received together in one message, and only new ones', () => {
    report(createLocation('emu', 5));
    flood.take();
    const [kiwi, newer, moa] = [createLocation('kiwi', 1), createLocation('kiwi', 2), createLocation('moa', 1)];
    const batch = LocationBatch.of([kiwi, createLocation('emu', 4), newer, kiwi, moa]);
    bus.send(addresses.store, { kind: 'learned', batch, from: neighbour });
    expect(flood.take()).to.deep.equal([replicated([kiwi.line, newer.line, moa.line], neighbour)]);
    expect(whereis('kiwi')?.line).to.equal(newer.line);
  });

  it('replicates stored locations even if a later one in the message throws', () => {
    const kiwi = createLocation('kiwi', 1);
    const batch = LocationBatch.of([
      createLocation('emu', 1),
      kiwi,
      createLocation('rhea', 1),
      createLocation('moa', 1),
    ]);
    batch.columns[2 * columnsPerRow + clientEndColumn] = 1_000_000;
    const broken: unknown[] = [];
    bus.supervise(({ error }) => broken.push(error));
    report(createLocation('emu', 2));
    flood.take();
    bus.send(addresses.store, { kind: 'learned', batch, from: neighbour });
    expect(broken).to.have.lengthOf(1);
    expect(whereis('kiwi')?.line).to.equal(kiwi.line);
    expect(flood.take()).to.deep.equal([replicated([kiwi.line], neighbour)]);
  });

  it('informs the lookup of a client that it did not know, and of nothing else', () => {
    report(createLocation('kiwi', 1));
    report(createLocation('kiwi', 2));
    bus.send(addresses.store, {
      kind: 'learned',
      batch: LocationBatch.of([createLocation('emu', 1)]),
      from: neighbour,
    });
    bus.send(addresses.store, {
      kind: 'learned',
      batch: LocationBatch.of([createLocation('emu', 1)]),
      from: neighbour,
    });
    expect(foundClients()).to.deep.equal([
      { line: createLocation('kiwi', 1).line, isFlooded: true },
      { line: createLocation('emu', 1).line, isFlooded: true },
    ]);
  });

  it('[PE24] responds to the lookup of a neighbour, and forwards it if the client is unknown', () => {
    const lookupLine = { kind: 'SEEK', id: 'Metta:1', hops: 3, client: asClientId('kiwi') } as const;
    bus.send(addresses.store, { kind: 'lookup-requested', from: neighbour, lookup: lookupLine });
    expect(clientLookup.take()).to.deep.equal([{ kind: 'peer-lookup', from: neighbour, lookup: lookupLine }]);
    expect(flood.take()).to.deep.equal([]);
    report(createLocation('kiwi', 1));
    flood.take();
    clientLookup.take();
    bus.send(addresses.store, { kind: 'lookup-requested', from: neighbour, lookup: lookupLine });
    expect(flood.take()).to.deep.equal([{ kind: 'send-to', lines: [createLocation('kiwi', 1).line], to: neighbour }]);
    expect(clientLookup.take()).to.deep.equal([]);
  });

  it('reads the location of a client without a lookup', () => {
    const reader = new FakeActor<ListedMessage>();
    bus.attach(readerAddress, reader);
    report(createLocation('kiwi', 1));
    clientLookup.take();
    const read = (name: string) => {
      bus.send(addresses.store, { kind: 'read', client: asClientId(name), replyTo: readerAddress, requestId: 5 });
      return reader
        .take()
        .map(({ locations, ...message }) => ({ ...message, lines: locations.map(({ line }) => line) }));
    };
    const lines = [createLocation('kiwi', 1).line];
    expect(read('kiwi')).to.deep.equal([{ kind: 'listed', requestId: 5, lines, next: undefined, size: 1 }]);
    expect(read('emu')).to.deep.equal([{ kind: 'listed', requestId: 5, lines: [], next: undefined, size: 1 }]);
    expect(clientLookup.take()).to.deep.equal([]);
  });

  describe('with locations restored from disk', () => {
    it('stores them by the same order, and replicates nothing', () => {
      const learned = collectEvents(bus, 'locations-learned');
      const batch = LocationBatch.of([
        createLocation('kiwi', 1),
        createLocation('kiwi', 3),
        createLocation('kiwi', 2),
        createLocation('emu', 1),
      ]);
      bus.send(addresses.store, { kind: 'restored', batch });
      expect(whereis('kiwi')?.time).to.equal('3');
      expect(whereis('emu')?.time).to.equal('1');
      expect(flood.take()).to.deep.equal([]);
      expect(learned).to.deep.equal([]);
      report(createLocation('kiwi', 2));
      expect(flood.take()).to.deep.equal([]);
    });

    it('sends them to a neighbour that catches up', () => {
      bus.send(addresses.store, { kind: 'restored', batch: LocationBatch.of([createLocation('kiwi', 1)]) });
      catchUp(neighbour);
      expect(pages()).to.deep.equal([{ clients: ['kiwi'], lines: [createLocation('kiwi', 1).line], isLast: true }]);
    });

    it('[LO5] stores no more than its limit, and publishes evictions', () => {
      bus.attach(
        addresses.store,
        new LocationStore(bus, new VirtualClock(), fixedRandom, { ...defaultLimits, maxClients: 2 }),
      );
      const forgotten = collectEvents(bus, 'location-evicted');
      const locations = ['kiwi', 'emu', 'moa'].map((client, index) => createLocation(client, 10 - index));
      bus.send(addresses.store, { kind: 'restored', batch: LocationBatch.of(locations) });
      expect(forgotten.map(({ location }) => location.client)).to.deep.equal(['moa']);
      expect(['kiwi', 'emu', 'moa'].map((client) => whereis(client)?.time)).to.deep.equal(['10', '9', undefined]);
    });
  });

  it('[LO5] stores locations up to its limit of bytes, and evicts the oldest', () => {
    const maxStoreBytes = 65_536;
    bus.attach(addresses.store, new LocationStore(bus, new VirtualClock(), fixedRandom, { maxClients, maxStoreBytes }));
    const forgotten = collectEvents(bus, 'location-evicted');
    const of = (index: number) => createLocation(`${index}`.padEnd(1_000, '.'), index);
    for (let index = 0; index < 100; index += 1) report(of(index));
    const each = storedLocationBytes(of(99).line.length);
    expect(forgotten.map(({ location }) => location.effective.seconds)).to.deep.equal(
      Array.from({ length: 100 - Math.floor(maxStoreBytes / each) }, (_, index) => index),
    );
    expect(whereis('99'.padEnd(1_000, '.'))?.line).to.equal(of(99).line);
  });

  describe('[LO5] at its limit of clients', () => {
    let forgotten: { location: Location }[];

    beforeEach(() => {
      bus.attach(
        addresses.store,
        new LocationStore(bus, new VirtualClock(), fixedRandom, { ...defaultLimits, maxClients: 3 }),
      );
      forgotten = collectEvents(bus, 'location-evicted');
      for (const [index, client] of ['kiwi', 'emu', 'moa'].entries()) report(createLocation(client, 10 + index));
    });

    const learn = (location: Location) =>
      bus.send(addresses.store, { kind: 'learned', batch: LocationBatch.of([location]), from: neighbour });
    const named = (events: readonly { location: Location }[]) => events.map(({ location }) => location.client);

    /** The horizon that neighbours are told. */
    const horizon = () => {
      bus.send(addresses.antiEntropy, { kind: 'digest-requested', neighbour, isNewLink: false });
      const [described] = link.take();
      return described?.kind === 'digest' ? described.horizon : expect.fail('a digest was asked for');
    };

    it('evicts by time of receipt, whatever time clients send', () => {
      for (const [client, time] of Object.entries({ emu: '90000', moa: '80000' })) {
        report(receivedAt(client, 11, time));
      }
      report(receivedAt('kiwi', 20, '1'));
      report(receivedAt('rhea', 21, '5'));
      expect(named(forgotten)).to.deep.equal(['kiwi']);
      report(receivedAt('ostrich', 22, '6'));
      expect(
        named(forgotten)
          .slice(1)
          .every((client) => ['emu', 'moa'].includes(client)),
      ).to.equal(true);
      expect(['rhea', 'ostrich'].map((client) => whereis(client)?.time)).to.deep.equal(['5', '6']);
    });

    it('[PE25] has a horizon that never exceeds its own clock, so that new locations are accepted', () => {
      const clock = new SetClock(1_000);
      bus.attach(addresses.store, new LocationStore(bus, clock, fixedRandom, { ...defaultLimits, maxClients: 1 }));
      learn(receivedAt('kiwi', 90_000, '90000'));
      learn(receivedAt('emu', 90_001, '90001'));
      expect(horizon()).to.deep.equal({ seconds: 1_000, nanoseconds: 0 });
      clock.seconds = 1_001;
      expect(horizon(), 'and stands still').to.deep.equal({ seconds: 1_000, nanoseconds: 0 });
      flood.take();
      learn(receivedAt('moa', 1_001, '1001'));
      expect(flood.take()).to.deep.equal([replicated([receivedAt('moa', 1_001, '1001').line], neighbour)]);
      clock.seconds = 500;
      expect(horizon(), 'after the clock was set back').to.deep.equal({ seconds: 500, nanoseconds: 0 });
      clock.seconds = 2_000;
      expect(horizon()).to.deep.equal({ seconds: 500, nanoseconds: 0 });
    });

    it('evicts the client with the oldest location for a new one', () => {
      report(createLocation('rhea', 20));
      expect(named(forgotten)).to.deep.equal(['kiwi']);
      expect(whereis('kiwi')).to.equal(undefined);
      expect(whereis('rhea')?.time).to.equal('20');
    });

    it('evicts no client for an update of a known one', () => {
      report(createLocation('kiwi', 20));
      expect(forgotten).to.deep.equal([]);
    });

    it('does not accept from a neighbour what is as old as an evicted location', () => {
      report(createLocation('rhea', 20));
      flood.take();
      learn(createLocation('kiwi', 10));
      learn(createLocation('ostrich', 9));
      learn(createLocation('ostrich', 10));
      expect(flood.take(), 'it is not news').to.deep.equal([]);
      expect(['kiwi', 'ostrich'].map(whereis)).to.deep.equal([undefined, undefined]);
      expect(named(forgotten)).to.deep.equal(['kiwi']);
    });

    it('informs the lookup of locations that it does not store again: they complete pending lookups', () => {
      report(createLocation('rhea', 20));
      clientLookup.take();
      learn(createLocation('kiwi', 10));
      expect(foundClients()).to.deep.equal([{ line: createLocation('kiwi', 10).line, isFlooded: false }]);
      expect(whereis('kiwi')).to.equal(undefined);
    });

    it('[PE25] sends its horizon to neighbours', () => {
      expect(horizon()).to.equal(undefined);
      report(createLocation('rhea', 20));
      expect(horizon()).to.deep.equal({ seconds: 10, nanoseconds: 100_000_000 });
      report(createLocation('ostrich', 21));
      expect(horizon()).to.deep.equal({ seconds: 11, nanoseconds: 100_000_000 });
    });

    it('accepts newer locations from a neighbour', () => {
      report(createLocation('rhea', 20));
      learn(createLocation('kiwi', 21));
      expect(whereis('kiwi')?.time).to.equal('21');
      expect(named(forgotten)).to.deep.equal(['kiwi', 'emu']);
    });

    it('accepts updates of stored clients from a neighbour', () => {
      report(createLocation('rhea', 20));
      learn(createLocation('emu', 15));
      expect(whereis('emu')?.time).to.equal('15');
    });

    it('accepts locations as old from its own clients', () => {
      report(createLocation('rhea', 20));
      report(createLocation('rhea', 21));
      report(createLocation('kiwi', 10));
      expect(named(forgotten), 'and forgets it, for it is the oldest').to.deep.equal(['kiwi', 'kiwi']);
      bus.attach(
        addresses.store,
        new LocationStore(bus, new VirtualClock(), fixedRandom, { ...defaultLimits, maxClients: 1 }),
      );
      report(createLocation('kiwi', 10));
      report(createLocation('emu', 20));
      report(createLocation('moa', 10));
      expect(flood.take().at(-1)).to.deep.equal(replicated([createLocation('moa', 10).line], undefined));
    });

    it('does not store them again by catch-ups, however often', () => {
      report(createLocation('rhea', 20));
      for (let round = 0; round < 3; round += 1) {
        for (const [index, client] of ['kiwi', 'emu', 'moa'].entries()) learn(createLocation(client, 10 + index));
      }
      expect(named(forgotten)).to.deep.equal(['kiwi']);
    });

    it('never exceeds the limit, and never evicts the newest', () => {
      const delivery = fc.record({ client: fc.nat(40), seconds: fc.nat(100), learned: fc.boolean() });
      fc.assert(
        fc.property(fc.array(delivery, { maxLength: 100 }), fc.integer({ min: 1, max: 8 }), (all, max) => {
          bus.attach(
            addresses.store,
            new LocationStore(bus, new VirtualClock(), fixedRandom, { ...defaultLimits, maxClients: max }),
          );
          let newest = 0;
          for (const { client, seconds, learned } of all) {
            const location = createLocation(`phone${client}`, seconds);
            if (learned) learn(location);
            else report(location);
            newest = Math.max(newest, seconds);
          }
          flood.take();
          catchUp(neighbour);
          const held = pages().flatMap(({ lines }) => lines);
          expect(held.length).to.be.at.most(max);
          if (all.length > 0) expect(held.some((line) => line.endsWith(` ${newest}`))).to.equal(true);
        }),
        { numRuns: 30 },
      );
    });
  });

  describe('[PE14] that a neighbour catches up from', () => {
    it('answers a digest with its leaf hashes of the differing partitions only', () => {
      report(createLocation('kiwi', 1));
      bus.send(addresses.antiEntropy, { kind: 'digest-requested', neighbour, isNewLink: true });
      const [described] = link.take();
      if (described?.kind !== 'digest') throw new Error('a digest was asked for');
      bus.send(addresses.antiEntropy, {
        kind: 'digest-received',
        neighbour,
        partitionHashes: described.partitionHashes,
        horizon: undefined,
      });
      expect(link.take()).to.deep.equal([{ kind: 'digest-compared', differingPartitions: [] }]);
      report(createLocation('emu', 1));
      bus.send(addresses.antiEntropy, {
        kind: 'digest-received',
        neighbour,
        partitionHashes: described.partitionHashes,
        horizon: undefined,
      });
      const own = new Digest();
      toggleAll(
        own,
        ['kiwi', 'emu'].map((client) => createLocation(client, 1)),
      );
      const partition = Math.floor(leafOf(asClientId('emu')) / 256);
      expect(link.take()).to.deep.equal([
        { kind: 'digest-compared', differingPartitions: [{ partition, leafHashes: own.encodeLeafHashes(partition) }] },
      ]);
    });

    it("[PE25] sends what was received after the neighbour's horizon, and counts a horizon ahead of its own clock as now", () => {
      const clock = new SetClock(1_000);
      bus.attach(addresses.store, new LocationStore(bus, clock, fixedRandom, { ...defaultLimits, maxClients }));
      const delivery = (seconds: number) => {
        const horizon = { seconds, nanoseconds: 0 };
        bus.send(addresses.antiEntropy, { kind: 'digest-received', neighbour, partitionHashes: '', horizon });
        link.take();
        catchUp(neighbour);
        return pages().flatMap(({ clients }) => clients);
      };
      report(receivedAt('kiwi', 900, '90000'));
      report(receivedAt('emu', 901, '1'));
      report(receivedAt('moa', 1_001, '1001'));
      expect(delivery(900)).to.have.members(['emu', 'moa']);
      expect(delivery(999_999_999)).to.deep.equal(['moa']);
    });

    it('treats an invalid digest as differing in all partitions', () => {
      for (const partitions of ['', 'AAAA', 'not base64 at all!']) {
        bus.send(addresses.antiEntropy, {
          kind: 'digest-received',
          neighbour,
          partitionHashes: partitions,
          horizon: undefined,
        });
        const [answer] = link.take();
        expect(
          answer?.kind === 'digest-compared' && answer.differingPartitions.map(({ partition }) => partition),
        ).to.have.lengthOf(partitionCount);
      }
    });

    it('ignores invalid leaf hashes', () => {
      report(createLocation('kiwi', 1));
      bus.send(addresses.antiEntropy, { kind: 'leaves-received', neighbour, partition: 0, leafHashes: 'AAAA' });
      bus.send(addresses.antiEntropy, { kind: 'catch-up', neighbour });
      expect(pages()).to.deep.equal([{ clients: [], lines: [], isLast: true }]);
    });

    it('sends differing locations in pages, each on request', () => {
      for (let index = 0; index < 1_200; index += 1) report(createLocation(`phone${index}`, 1));
      catchUp(neighbour);
      const got = pages();
      expect(got).to.have.lengthOf(1);
      for (let more = 0; more < 5 && got.at(-1)?.isLast !== true; more += 1) {
        bus.send(addresses.antiEntropy, { kind: 'next-page', neighbour });
        got.push(...pages());
      }
      expect(got.map(({ isLast }) => isLast)).to.deep.equal([false, false, true]);
      for (const { clients } of got.slice(0, -1)) expect(clients).to.have.lengthOf(500);
      const clients = got.flatMap((page) => page.clients);
      expect(clients).to.have.lengthOf(1_200);
      expect(new Set(clients).size).to.equal(1_200);
    });

    for (const held of [0, 1, 499, 500, 501, 1_000]) {
      it(`comes to a last page with ${held} locations`, () => {
        for (let index = 0; index < held; index += 1) report(createLocation(`phone${index}`, 1));
        catchUp(neighbour);
        const got = pages();
        for (let more = 0; more < 5 && got.at(-1)?.isLast !== true; more += 1) {
          bus.send(addresses.antiEntropy, { kind: 'next-page', neighbour });
          got.push(...pages());
        }
        expect(got.filter(({ isLast }) => isLast)).to.have.lengthOf(1);
        expect(got.flatMap(({ clients }) => clients)).to.have.lengthOf(held);
        expect(got.length, 'no empty page at the end').to.equal(Math.max(1, Math.ceil(held / 500)));
      });
    }

    it('ends a page early if lines are long', () => {
      for (let index = 0; index < 60; index += 1) report(createLocation(`${index}`.padEnd(10_000, '.'), 1));
      catchUp(neighbour);
      const got = pages();
      while (got.at(-1)?.isLast !== true && got.length < 10) {
        bus.send(addresses.antiEntropy, { kind: 'next-page', neighbour });
        got.push(...pages());
      }
      expect(got.map(({ lines }) => lines.length)).to.deep.equal([27, 27, 6]);
    });

    it('[PE22] sends only the leaves that differ, however much it holds', () => {
      const held = new Digest();
      const changed = new Set<number>();
      for (let index = 0; index < 5_000; index += 1) {
        const location = createLocation(`phone${index}`, 1);
        report(location);
        if (index % 1_000 === 0) changed.add(leafOf(location.client));
        else toggleAll(held, [location]);
      }
      catchUp(neighbour, held);
      const dealt = pages().flatMap(({ clients }) => clients);
      expect(dealt.length).to.be.within(5, 10);
      for (const client of dealt) expect(changed.has(leafOf(asClientId(client))), client).to.equal(true);
    });

    it('misses nothing that it held at the start, while changes come in between pages', () => {
      const change = fc.record({ client: fc.nat(1_600), pagesBefore: fc.nat(3) });
      fc.assert(
        fc.property(fc.integer({ min: 500, max: 1_400 }), fc.array(change, { maxLength: 50 }), (held, changes) => {
          bus.attach(
            addresses.store,
            new LocationStore(bus, new VirtualClock(), fixedRandom, { ...defaultLimits, maxClients }),
          );
          flood.take();
          for (let index = 0; index < held; index += 1) report(createLocation(`phone${index}`, 1));
          const dealt = new Set<string>();
          catchUp(neighbour);
          for (let page = 0; page < 4; page += 1) {
            for (const { clients } of pages()) for (const client of clients) dealt.add(client);
            for (const { client, pagesBefore } of changes) {
              if (pagesBefore === page) report(createLocation(`phone${client}`, 2 + page));
            }
            bus.send(addresses.antiEntropy, { kind: 'next-page', neighbour });
          }
          for (let index = 0; index < held; index += 1)
            expect(dealt.has(`phone${index}`), `phone${index}`).to.equal(true);
        }),
        { numRuns: 20 },
      );
    });

    it('restarts for a neighbour that catches up again, and keeps neighbours separate', () => {
      const blake = toServerId('Blake');
      for (let index = 0; index < 700; index += 1) report(createLocation(`phone${index}`, 1));
      flood.take();
      catchUp(neighbour);
      catchUp(blake);
      expect(flood.takePages().map(({ to, isLast }) => ({ to, isLast }))).to.deep.equal([
        { to: neighbour, isLast: false },
        { to: blake, isLast: false },
      ]);
      catchUp(neighbour);
      bus.send(addresses.antiEntropy, { kind: 'next-page', neighbour });
      const again = pages();
      expect(again.map(({ isLast }) => isLast)).to.deep.equal([false, true]);
      expect(again.flatMap(({ clients }) => clients)).to.have.lengthOf(700);
    });
  });
});
