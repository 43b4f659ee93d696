import { expect } from 'chai';
import fc from 'fast-check';
import type { Actor, Address } from '../../../src/actors/bus/bus.js';
import { Flood } from '../../../src/actors/replication/flood.js';
import { LocationStore } from '../../../src/actors/store/location-store.js';
import { addresses } from '../../../src/actors/addresses.js';
import type { ConnectionMessage } from '../../../src/actors/client/messages.js';
import type { FloodMessage, LookupMessage } from '../../../src/actors/replication/messages.js';
import type { LinkMessage } from '../../../src/actors/peer/messages.js';
import { ClientLookup } from '../../../src/actors/replication/client-lookup.js';
import { asClientId, type ServerId } from '../../../src/protocol/place/ids.js';
import type { Location } from '../../../src/protocol/place/location.js';
import type { LookupLine } from '../../../src/protocol/peer/peer-line.js';
import { buildTopology, type Topology } from '../../../src/protocol/place/topology.js';
import type { MessageBus } from '../../../src/runtime/bus/message-bus.js';
import { FakeActor } from '../../support/fake-actor.js';
import { collectFailures, strictBus } from '../../support/fake-bus.js';
import { createLocation, toServerId } from '../../support/fake-location.js';
import { VirtualClock } from '../../../src/simulation/time/virtual-clock.js';
import { defaultLimits } from '../../../src/actors/ports/limits.js';
import { fixedRandom } from '../../support/fixed-random.js';
import { LocationBatch } from '../../../src/protocol/place/location-batch.js';

const [blake, bryant, metta] = [toServerId('Blake'), toServerId('Bryant'), toServerId('Metta')];
const kiwi = asClientId('kiwi');
const timeoutMs = 250;

/** As many as the searches that are remembered, so that a test of those meets no other bound. */
const maxPerSecond = 10_000;

/** Chances that differ each time, and are the same in every run. */
function chances(): () => number {
  let state = 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

describe('ClientLookup', () => {
  let bus: MessageBus;
  let clock: VirtualClock;
  let links: Map<ServerId, FakeActor<LinkMessage>>;
  let flood: FakeActor<FloodMessage>;
  let client: FakeActor<ConnectionMessage>;
  let clientLookup: ClientLookup;
  const asker = addresses.connection(1);

  beforeEach(() => begin([bryant, metta]));

  /** The lookup of Blake, with these neighbours. */
  function begin(neighbours: readonly ServerId[]): void {
    bus = strictBus();
    clock = new VirtualClock();
    links = new Map(neighbours.map((neighbour) => [neighbour, new FakeActor<LinkMessage>()]));
    for (const [neighbour, link] of links) bus.attach(addresses.link(neighbour), link);
    flood = new FakeActor();
    client = new FakeActor();
    bus.attach(addresses.flood, flood);
    bus.attach(asker, client);
    clientLookup = new ClientLookup(
      bus,
      clock,
      { next: chances() },
      {
        server: blake,
        neighbours,
        timeoutMs,
        maxPerSecond,
        maxPerSecondPerAddress: maxPerSecond,
      },
    );
    bus.attach(addresses.lookup, clientLookup);
  }

  const deliver = (message: LookupMessage) => bus.send(addresses.lookup, message);
  const lookUp = (requestId: number, name = 'kiwi', remoteHost = '192.0.2.1') =>
    deliver({ kind: 'lookup', client: asClientId(name), remoteHost, replyTo: asker, requestId });
  const unknown = (from: ServerId, id: string) => deliver({ kind: 'peer-unknown', from, id });
  const receiveLookup = (from: ServerId, id: string, hops = 9) =>
    deliver({ kind: 'peer-lookup', from, lookup: { kind: 'SEEK', id, hops, client: kiwi } });

  /** What a neighbour was told since this was last asked. */
  function toldTo(neighbour: ServerId): string[] {
    return (links.get(neighbour)?.take() ?? []).map((message) => {
      if (message.kind !== 'send-line') throw new Error(`a lookup sends no ${message.kind}`);
      const { line } = message;
      return line.kind === 'SEEK' ? `SEEK ${line.id} ${line.hops} ${line.client}` : `UNKNOWN ${line.id}`;
    });
  }

  /** The answers that the client's connection has got since this was last asked. */
  function answers(): (readonly [question: number, time: string | undefined])[] {
    return client.take().map((message) => {
      if (message.kind === 'request-failed') return [message.requestId, 'failed'] as const;
      if (message.kind !== 'located') throw new Error(`a lookup sends no ${message.kind}`);
      return [message.requestId, message.location?.time] as const;
    });
  }

  /** The id by which the neighbours were asked just now. */
  function idTold(): string {
    const ids = [...links.keys()].flatMap((neighbour) => toldTo(neighbour).map((line) => line.split(' ')[1] ?? ''));
    expect(new Set(ids).size).to.equal(1);
    return ids[0] ?? '';
  }

  describe('for a client of its server', () => {
    it('[WH10] [PE24] sends a lookup to all neighbours, with 16 hops and a unique ID', () => {
      lookUp(3);
      const [first = ''] = toldTo(bryant);
      expect(first).to.match(/^SEEK Blake:[0-9a-z]+ 16 kiwi$/);
      expect(toldTo(metta)).to.deep.equal([first]);
      lookUp(4, 'emu');
      expect(toldTo(bryant)[0]?.split(' ')[1]).to.not.equal(first.split(' ')[1]);
    });

    it('[WH10] responds with the location when it is received', () => {
      lookUp(3);
      deliver({ kind: 'client-found', location: createLocation('emu', 1), isFlooded: true });
      expect(answers()).to.deep.equal([]);
      deliver({ kind: 'client-found', location: createLocation('kiwi', 7), isFlooded: true });
      expect(answers()).to.deep.equal([[3, '7']]);
    });

    it('[PE24] responds as unknown as soon as all neighbours have', () => {
      lookUp(3);
      const id = idTold();
      unknown(bryant, id);
      unknown(bryant, id);
      expect(answers(), 'one neighbour counts once').to.deep.equal([]);
      unknown(metta, id);
      expect(answers()).to.deep.equal([[3, undefined]]);
    });

    it('[WH10] responds as unknown at the timeout, once', () => {
      lookUp(3);
      const id = idTold();
      clock.advance(timeoutMs - 1);
      expect(answers()).to.deep.equal([]);
      clock.advance(1);
      expect(answers()).to.deep.equal([[3, undefined]]);
      unknown(bryant, id);
      unknown(metta, id);
      deliver({ kind: 'client-found', location: createLocation('kiwi', 7), isFlooded: true });
      expect(answers()).to.deep.equal([]);
    });

    it('sends one lookup for all requests for the same client, and responds to all', () => {
      for (const question of [3, 4, 5]) lookUp(question);
      expect(toldTo(bryant)).to.have.lengthOf(1);
      deliver({ kind: 'client-found', location: createLocation('kiwi', 7), isFlooded: true });
      expect(answers()).to.deep.equal([
        [3, '7'],
        [4, '7'],
        [5, '7'],
      ]);
    });

    it('sends a new lookup for a client that was unknown', () => {
      lookUp(3);
      const first = idTold();
      clock.advance(timeoutMs);
      lookUp(4);
      expect(idTold()).to.not.equal(first);
    });

    it('responds at once if there are no neighbours, and stores nothing', () => {
      begin([]);
      lookUp(3);
      expect(answers()).to.deep.equal([[3, undefined]]);
      expect(clock.armedTimerCount).to.equal(0);
    });

    it('ignores a response without a request', () => {
      unknown(bryant, 'Blake:none');
      expect(answers()).to.deep.equal([]);
    });
  });

  describe('for a neighbour', () => {
    it('[PE24] forwards the lookup to its other neighbours with one hop less and the same ID', () => {
      receiveLookup(bryant, 'Gasol:1', 9);
      expect(toldTo(metta)).to.deep.equal(['SEEK Gasol:1 8 kiwi']);
      expect(toldTo(bryant)).to.deep.equal([]);
    });

    it('[PE24] sends UNKNOWN when all of them have', () => {
      receiveLookup(bryant, 'Gasol:1');
      expect(toldTo(bryant)).to.deep.equal([]);
      unknown(metta, 'Gasol:1');
      expect(toldTo(bryant)).to.deep.equal(['UNKNOWN Gasol:1']);
    });

    it('[PE24] sends UNKNOWN at once if it has no other neighbour', () => {
      begin([bryant]);
      receiveLookup(bryant, 'Gasol:1');
      expect(toldTo(bryant)).to.deep.equal(['UNKNOWN Gasol:1']);
    });

    it('[PE24] sends UNKNOWN at once if no hop is left', () => {
      receiveLookup(bryant, 'Gasol:1', 0);
      expect(toldTo(bryant)).to.deep.equal(['UNKNOWN Gasol:1']);
      expect(toldTo(metta)).to.deep.equal([]);
    });

    it('[PE24] limits the hops of a received lookup', () => {
      receiveLookup(bryant, 'Gasol:1', 999);
      expect(toldTo(metta)).to.deep.equal(['SEEK Gasol:1 15 kiwi']);
    });

    it('[PE24] sends UNKNOWN at the timeout', () => {
      receiveLookup(bryant, 'Gasol:1');
      clock.advance(timeoutMs);
      expect(toldTo(bryant)).to.deep.equal(['UNKNOWN Gasol:1']);
    });

    it('[PE24] sends UNKNOWN at once for a lookup that arrives again over any link', () => {
      receiveLookup(bryant, 'Gasol:1');
      toldTo(metta);
      receiveLookup(metta, 'Gasol:1');
      receiveLookup(bryant, 'Gasol:1');
      expect(toldTo(metta)).to.deep.equal(['UNKNOWN Gasol:1']);
      expect(toldTo(bryant)).to.deep.equal(['UNKNOWN Gasol:1']);
      lookUp(3);
      const id = idTold();
      receiveLookup(metta, id);
      expect(toldTo(metta), 'its own question, back again').to.deep.equal([`UNKNOWN ${id}`]);
    });

    it('remembers an ID for a while after the lookup', () => {
      receiveLookup(bryant, 'Gasol:1');
      unknown(metta, 'Gasol:1');
      toldTo(bryant);
      toldTo(metta);
      clock.advance(timeoutMs - 1);
      receiveLookup(metta, 'Gasol:1');
      expect(toldTo(metta)).to.deep.equal(['UNKNOWN Gasol:1']);
      expect(toldTo(bryant)).to.deep.equal([]);
      clock.advance(1);
      expect(clock.armedTimerCount, 'then it is forgotten').to.equal(0);
    });

    it('leaves it to the flood to send the neighbour a stored location', () => {
      for (const first of ['Metta', 'Bryant']) {
        receiveLookup(bryant, `Gasol:${first}`);
        deliver({ kind: 'client-found', location: createLocation('kiwi', 7, first), isFlooded: true });
        expect(toldTo(bryant)).to.deep.equal([]);
        expect(flood.received).to.deep.equal([]);
      }
    });

    it('sends the neighbour a location that was found but not stored, as the flood does not', () => {
      receiveLookup(bryant, 'Gasol:1');
      const location = createLocation('kiwi', 7, 'Metta');
      deliver({ kind: 'client-found', location, isFlooded: false });
      expect(flood.received).to.deep.equal([{ kind: 'send-to', locations: [location], to: bryant }]);
    });

    it('[WH10] runs lookups for clients at the same time, each with its own response', () => {
      receiveLookup(bryant, 'Gasol:1');
      lookUp(3);
      deliver({ kind: 'client-found', location: createLocation('kiwi', 7, 'Metta'), isFlooded: true });
      expect(answers()).to.deep.equal([[3, '7']]);
      clock.advance(timeoutMs);
      expect(toldTo(bryant).filter((line) => line.startsWith('UNKNOWN'))).to.deep.equal([]);
    });
  });

  it('stores 10,000 lookups, and responds to a further one as unknown at once', () => {
    for (let index = 0; index < 10_000; index += 1) receiveLookup(bryant, `Gasol:${index}`);
    toldTo(metta);
    toldTo(bryant);
    const { armedTimerCount } = clock;
    receiveLookup(bryant, 'Gasol:more');
    lookUp(3);
    expect(toldTo(bryant)).to.deep.equal(['UNKNOWN Gasol:more']);
    expect(toldTo(metta)).to.deep.equal([]);
    expect(answers()).to.deep.equal([[3, undefined]]);
    expect(clock.armedTimerCount, 'and keeps nothing of it').to.equal(armedTimerCount);
    clock.advance(2 * timeoutMs);
    lookUp(4);
    expect(toldTo(metta), 'there is room again').to.have.lengthOf(1);
  });

  it('[PE24] limits the lookups of one host, without an effect on others', () => {
    const settings = { server: blake, neighbours: [bryant], timeoutMs, maxPerSecond: 5, maxPerSecondPerAddress: 2 };
    clientLookup = new ClientLookup(bus, clock, { next: chances() }, settings);
    bus.attach(addresses.lookup, clientLookup);
    for (let question = 1; question <= 10; question += 1) lookUp(question, `phone${question}`, '192.0.2.1');
    expect(toldTo(bryant)).to.have.lengthOf(2);
    for (let question = 11; question <= 12; question += 1) lookUp(question, `phone${question}`, '192.0.2.2');
    expect(toldTo(bryant)).to.have.lengthOf(2);
    clock.advance(1_000);
    lookUp(13, 'kakapo', '192.0.2.1');
    expect(toldTo(bryant).filter((line) => line.includes('kakapo'))).to.have.lengthOf(1);
  });

  it('[PE24] limits the rate of lookups, and responds to those beyond it as unknown', () => {
    const lookupsPerSecond = 3;
    clientLookup = new ClientLookup(
      bus,
      clock,
      { next: chances() },
      {
        server: blake,
        neighbours: [bryant],
        timeoutMs,
        maxPerSecond: lookupsPerSecond,
        maxPerSecondPerAddress: lookupsPerSecond,
      },
    );
    bus.attach(addresses.lookup, clientLookup);
    for (let question = 1; question <= 5; question += 1) lookUp(question, `phone${question}`);
    expect(toldTo(bryant)).to.have.lengthOf(lookupsPerSecond);
    expect(answers()).to.deep.equal([
      [4, undefined],
      [5, undefined],
    ]);
    lookUp(6, 'phone1');
    expect(answers(), 'who waits for a search that is under way costs nothing').to.deep.equal([]);
    receiveLookup(bryant, 'Gasol:1');
    expect(toldTo(bryant), 'what neighbours ask has its own pace').to.deep.equal(['UNKNOWN Gasol:1']);
    clock.advance(1_000);
    lookUp(7, 'phone7');
    expect(toldTo(bryant)).to.have.lengthOf(1);
  });

  it('fails pending lookups when it stops, and cancels its timers', () => {
    lookUp(3);
    lookUp(4, 'emu');
    receiveLookup(bryant, 'Gasol:1');
    clock.advance(timeoutMs / 2);
    clientLookup.stop();
    expect(answers()).to.deep.equal([
      [3, 'failed'],
      [4, 'failed'],
    ]);
    expect(clock.armedTimerCount).to.equal(0);
  });

  it('handles the timeout of a lookup under supervision', () => {
    const failures = collectFailures(bus);
    lookUp(1);
    Object.defineProperty(clientLookup, 'handleTimeout', {
      value: () => {
        throw new Error('broken');
      },
    });
    clock.advance(timeoutMs);
    expect(failures.map(({ address }) => address)).to.deep.equal(['lookup']);
  });
});

/** A server as far as asking goes: store, flood and lookup are the real ones, and each link leads to the next server's store. */
class Server {
  readonly bus = strictBus();
  readonly client = new FakeActor<ConnectionMessage>();

  constructor(
    readonly herd: Herd,
    readonly self: ServerId,
    neighbours: readonly ServerId[],
  ) {
    const { bus } = this;
    const random = { next: herd.chance };
    bus.attach(
      addresses.store,
      new LocationStore(bus, new VirtualClock(), fixedRandom, { ...defaultLimits, maxClients: herd.maxClients }),
    );
    bus.attach(addresses.flood, new Flood(bus, self, neighbours));
    bus.attach(
      addresses.lookup,
      new ClientLookup(bus, herd.clock, random, {
        server: self,
        neighbours,
        timeoutMs,
        maxPerSecond: 1_000,
        maxPerSecondPerAddress: 1_000,
      }),
    );
    bus.attach(addresses.connection(1), this.client);
    for (const neighbour of neighbours) bus.attach(addresses.link(neighbour), this.linkTo(neighbour));
  }

  /** A client of this server asks, and nobody has been asked yet. */
  ask(): void {
    const replyTo: Address<ConnectionMessage> = addresses.connection(1);
    this.bus.send(addresses.lookup, { kind: 'lookup', client: kiwi, remoteHost: '192.0.2.1', replyTo, requestId: 1 });
  }

  private linkTo(neighbour: ServerId): Actor<LinkMessage> {
    return {
      receive: (message) => {
        if (message.kind === 'send-line' && message.line.kind === 'SEEK')
          this.herd.lookUp(this.self, neighbour, message.line);
        else if (message.kind === 'send-line') this.herd.unknown(this.self, neighbour, message.line.id);
        else if (message.kind === 'forward') this.herd.at(this.self, neighbour, [...message.batch]);
        else throw new Error(`nobody sends ${message.kind} here`);
      },
      stop: () => undefined,
    };
  }
}

/** Servers that ask each other; what they say is under way until the test delivers it. */
class Herd {
  readonly clock = new VirtualClock();
  readonly chance = chances();
  readonly servers: ReadonlyMap<ServerId, Server>;
  seeks = 0;
  private readonly inFlight: (() => void)[] = [];

  constructor(
    topology: Topology,
    readonly maxClients = 1_000,
  ) {
    this.servers = new Map([...topology].map(([self, neighbours]) => [self, new Server(this, self, neighbours)]));
  }

  server(self: ServerId): Server {
    return this.servers.get(self) ?? expect.fail(`there is no ${self}`);
  }

  /** Tells one server what the others have not heard of. */
  remembers(self: ServerId, location: Location): void {
    this.server(self).bus.send(addresses.store, { kind: 'restored', batch: LocationBatch.of([location]) });
  }

  lookUp(from: ServerId, to: ServerId, lookUp: LookupLine): void {
    this.seeks += 1;
    this.inFlight.push(() =>
      this.server(to).bus.send(addresses.store, { kind: 'lookup-requested', from, lookup: lookUp }),
    );
  }

  unknown(from: ServerId, to: ServerId, id: string): void {
    this.inFlight.push(() => this.server(to).bus.send(addresses.lookup, { kind: 'peer-unknown', from, id }));
  }

  at(from: ServerId, to: ServerId, locations: readonly Location[]): void {
    this.inFlight.push(() =>
      this.server(to).bus.send(addresses.store, { kind: 'learned', batch: LocationBatch.of(locations), from }),
    );
  }

  /** Delivers everything, in the order that the test likes; no time passes. */
  deliverAll(pick: (among: number) => number = () => 0): void {
    while (this.inFlight.length > 0) this.inFlight.splice(pick(this.inFlight.length), 1)[0]?.();
  }
}

function line(length: number): { topology: Topology; servers: ServerId[] } {
  const servers = Array.from({ length }, (_, index) => toServerId(`S${index}`));
  const edges = servers.slice(1).map((server, index) => [servers[index]!, server] as const);
  return { topology: buildTopology(servers, edges), servers };
}

/** Any herd that hangs together, with circles more often than not. */
const herds = fc.integer({ min: 2, max: 9 }).chain((count) => {
  const servers = Array.from({ length: count }, (_, index) => toServerId(`S${index}`));
  const tree = fc.tuple(...servers.slice(1).map((_, index) => fc.nat(index)));
  const more = fc.array(fc.tuple(fc.nat(count - 1), fc.nat(count - 1)), { maxLength: 10 });
  return fc.tuple(tree, more).map(([parents, extra]) => {
    const edges = [...parents.map((parent, index) => [parent, index + 1] as const), ...extra]
      .filter(([one, other]) => one !== other)
      .map(([one, other]) => [servers[one], servers[other]] as [ServerId, ServerId]);
    return { servers, edges, topology: buildTopology(servers, edges) };
  });
});

describe('ClientLookup actors of a whole herd', () => {
  it('[WH10] [PE24] finds what any server knows, for any topology and order of delivery, and all servers on the path learn it', () => {
    fc.assert(
      fc.property(
        herds,
        fc.nat(),
        fc.nat(),
        fc.nat(),
        fc.infiniteStream(fc.nat()),
        (any, asking, knowing, first, picks) => {
          const { servers, topology } = any;
          const herd = new Herd(topology);
          const at = (index: number) => servers[index % servers.length]!;
          fc.pre(at(asking) !== at(knowing));
          // Any of them may have got it first, the one that asks too.
          herd.remembers(at(knowing), createLocation('kiwi', 7, at(first)));
          herd.server(at(asking)).ask();
          herd.deliverAll((among) => (picks.next().value ?? 0) % among);
          const [answer] = herd.server(at(asking)).client.received;
          expect(answer?.kind === 'located' && answer.location?.time).to.equal('7');
        },
      ),
      { numRuns: 60 },
    );
  });

  it('[PE24] finds without timeouts that a client is unknown, with at most two lookups per link', () => {
    fc.assert(
      fc.property(herds, fc.nat(), fc.infiniteStream(fc.nat()), ({ servers, edges, topology }, asking, picks) => {
        const herd = new Herd(topology);
        const asker = herd.server(servers[asking % servers.length]!);
        asker.ask();
        herd.deliverAll((among) => (picks.next().value ?? 0) % among);
        expect(asker.client.received).to.deep.equal([{ kind: 'located', requestId: 1, location: undefined }]);
        expect(herd.seeks).to.be.at.most(2 * edges.length);
        herd.clock.advance(2 * timeoutMs);
        herd.deliverAll();
        expect(herd.clock.armedTimerCount, 'everything is forgotten').to.equal(0);
      }),
      { numRuns: 60 },
    );
  });

  it('[WH10] finds a location older than those evicted by the requesting server and the servers on the path', () => {
    const { topology, servers } = line(4);
    const herd = new Herd(topology, 1);
    const knows = servers[3]!;
    herd.remembers(knows, createLocation('kiwi', 7, knows));
    for (const server of servers.slice(0, 3)) {
      for (const seconds of [10, 20]) herd.remembers(server, createLocation(`emu${seconds}`, seconds, knows));
    }
    const asker = herd.server(servers[0]!);
    asker.ask();
    herd.deliverAll();
    const [answer] = asker.client.received;
    expect(answer?.kind === 'located' && answer.location?.time).to.equal('7');
  });

  it('[PE24] reaches at most 17 servers', () => {
    for (const [farServer, time] of [
      [17, '7'],
      [18, undefined],
    ] as const) {
      const { topology, servers } = line(farServer + 1);
      const herd = new Herd(topology);
      herd.remembers(servers[farServer]!, createLocation('kiwi', 7, servers[farServer]));
      const asker = herd.server(servers[0]!);
      asker.ask();
      herd.deliverAll();
      const [answer] = asker.client.received;
      expect(answer?.kind === 'located' && answer.location?.time, `${farServer} away`).to.equal(time);
    }
  });
});
