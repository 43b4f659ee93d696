import { expect } from 'chai';
import fc from 'fast-check';
import { address, type Actor } from '../../../src/actors/bus/bus.js';
import { LocationStore } from '../../../src/actors/store/location-store.js';
import { addresses } from '../../../src/actors/addresses.js';
import type { LinkMessage } from '../../../src/actors/peer/messages.js';
import type { FloodMessage } from '../../../src/actors/replication/messages.js';
import type { AntiEntropyMessage, StoreMessage } from '../../../src/actors/store/messages.js';
import { leafOf, Digest, partitionCount } from '../../../src/protocol/place/digest.js';
import type { ServerId } from '../../../src/protocol/place/ids.js';
import { LocationBatch } from '../../../src/protocol/place/location-batch.js';
import { supersedes, type Location } from '../../../src/protocol/place/location.js';
import type { MessageBus } from '../../../src/runtime/bus/message-bus.js';
import { VirtualClock } from '../../../src/simulation/time/virtual-clock.js';
import { locations as anyLocations, locationFromFields } from '../../support/arbitraries.js';
import { FakeActor } from '../../support/fake-actor.js';
import { strictBus } from '../../support/fake-bus.js';
import { createLocation, toServerId } from '../../support/fake-location.js';
import { collidingId } from '../../support/colliding-ids.js';
import { defaultLimits } from '../../../src/actors/ports/limits.js';
import { fixedRandom } from '../../support/fixed-random.js';

const [blake, bryant] = [toServerId('Blake'), toServerId('Bryant')];

/** The hashes of any partition of a store that holds nothing. */
const nothing = new Digest().encodeLeafHashes(0);

/** The store's address, for any of its messages. */
const storeAddress = address<StoreMessage | AntiEntropyMessage>('store');

/** Each run makes two stores, which have room for a million. */
const numRuns = 30;

/**
 * The flood and the link of a store to another one: what either is told by its own store reaches the other when the test delivers it.
 * A batch is copied, since it is valid only until the bus is idle.
 */
class FakeLink {
  readonly inFlight: (StoreMessage | AntiEntropyMessage)[] = [];
  /** Locations that were told by a catch-up, not by flood. */
  readonly dealt: Location[] = [];
  /** Locations of the largest page of a catch-up. */
  largestPage = 0;
  /** Whether new locations are sent, not only pages. */
  isUp = false;

  constructor(
    private readonly bus: MessageBus,
    private readonly self: ServerId,
    private readonly neighbour: ServerId,
  ) {}

  readonly link: Actor<LinkMessage> = {
    receive: (message) => {
      const { self } = this;
      switch (message.kind) {
        case 'digest':
          this.inFlight.push({ ...message, kind: 'digest-received', neighbour: self });
          return;
        case 'digest-compared':
          for (const hashes of message.differingPartitions)
            this.inFlight.push({ kind: 'leaves-received', neighbour: self, ...hashes });
          this.inFlight.push({ kind: 'catch-up', neighbour: self });
          return;
        default:
          throw new Error(`a store sends no ${message.kind}`);
      }
    },
    stop: () => undefined,
  };

  readonly flood: Actor<FloodMessage> = {
    receive: (message) => {
      const { self, neighbour } = this;
      switch (message.kind) {
        case 'replicate':
          if (this.isUp && message.from !== neighbour) {
            this.inFlight.push({ kind: 'learned', batch: LocationBatch.of(message.batch), from: self });
          }
          return;
        case 'page': {
          expect(message.to).to.equal(neighbour);
          const locations = [...message.batch];
          this.largestPage = Math.max(this.largestPage, locations.length);
          for (const location of locations) {
            this.dealt.push(location);
            this.inFlight.push({ kind: 'learned', batch: LocationBatch.of([location]), from: self });
          }
          if (!message.isLast) this.bus.send(addresses.antiEntropy, { kind: 'next-page', neighbour });
          return;
        }
        default:
          throw new Error(`a store sends no ${message.kind}`);
      }
    },
    stop: () => undefined,
  };
}

/** A store, its flood, and the link to the other store. */
class Side {
  readonly bus = strictBus();
  readonly link: FakeLink;

  constructor(
    readonly self: ServerId,
    private readonly neighbour: ServerId,
    maxClients = 1_000_000,
  ) {
    this.link = new FakeLink(this.bus, self, neighbour);
    this.bus.attach(
      addresses.store,
      new LocationStore(this.bus, new VirtualClock(), fixedRandom, { ...defaultLimits, maxClients }),
    );
    this.bus.attach(addresses.lookup, new FakeActor());
    this.bus.attach(addresses.flood, this.link.flood);
    this.bus.attach(addresses.link(neighbour), this.link.link);
  }

  report(location: Location): void {
    this.bus.send(addresses.store, { kind: 'report', batch: LocationBatch.of([location]) });
  }

  comesUp(): void {
    this.link.isUp = true;
    this.bus.send(addresses.antiEntropy, { kind: 'digest-requested', neighbour: this.neighbour, isNewLink: true });
  }

  deliver(message: StoreMessage | AntiEntropyMessage): void {
    this.bus.send(storeAddress, message);
  }

  /** Everything that it holds, as somebody with nothing would be told it. */
  holds(): string[] {
    const nobody = toServerId('nobody');
    const asking = new FakeLink(this.bus, this.self, nobody);
    this.bus.attach(addresses.flood, asking.flood);
    for (let partition = 0; partition < partitionCount; partition += 1) {
      this.deliver({ kind: 'leaves-received', neighbour: nobody, partition, leafHashes: nothing });
    }
    this.deliver({ kind: 'catch-up', neighbour: nobody });
    this.bus.attach(addresses.flood, this.link.flood);
    return asking.dealt.map(({ line }) => line).sort();
  }
}

/** Delivers what is under way, each direction in order, the directions in turn as the test says, until nothing is left. */
function exchange(one: Side, other: Side, next: () => boolean): void {
  for (;;) {
    const [from, to] = next() ? [one, other] : [other, one];
    const message = from.link.inFlight.shift();
    if (message !== undefined) to.deliver(message);
    else if (to.link.inFlight.length === 0) return;
  }
}

function inTurn(): () => boolean {
  let turn = false;
  return () => (turn = !turn);
}

/** What both hold in the end: the greatest of each client. */
function greatest(all: readonly Location[]): string[] {
  const held = new Map<string, Location>();
  for (const location of all) {
    const known = held.get(location.client);
    if (known === undefined || supersedes(location, known)) held.set(location.client, location);
  }
  return [...held.values()].map(({ line }) => line).sort();
}

/** Locations of a few clients, so that two stores often hold different ones of the same. */
const few = fc
  .record({
    client: fc.integer({ min: 0, max: 30 }).map((number) => `phone${number}`),
    time: fc.constantFrom('1', '1.0', '2', '3.5'),
    server: fc.constantFrom('Blake', 'Bryant', 'Metta'),
    position: fc.constantFrom('+1+1', '-1-1'),
  })
  .map(locationFromFields);
const held = fc.array(fc.oneof(few, anyLocations), { maxLength: 60 });

describe('two stores that compare digests', () => {
  it('[PE14] hold the same in the end, whatever each held', () => {
    fc.assert(
      fc.property(held, held, fc.infiniteStream(fc.boolean()), (first, second, turns) => {
        const [one, other] = [new Side(blake, bryant), new Side(bryant, blake)];
        for (const location of first) one.report(location);
        for (const location of second) other.report(location);
        one.comesUp();
        other.comesUp();
        exchange(one, other, () => turns.next().value === true);
        const expected = greatest([...first, ...second]);
        expect(one.holds()).to.deep.equal(expected);
        expect(other.holds()).to.deep.equal(expected);
      }),
      { numRuns },
    );
  });

  it('[PE14] hold the same in the end, whatever is reported while they compare', () => {
    const step = fc.oneof(
      { weight: 2, arbitrary: fc.record({ at: fc.boolean(), location: few }) },
      { weight: 5, arbitrary: fc.record({ from: fc.boolean() }) },
    );
    fc.assert(
      fc.property(held, held, fc.array(step, { maxLength: 80 }), (first, second, steps) => {
        const [one, other] = [new Side(blake, bryant), new Side(bryant, blake)];
        const all = [...first, ...second];
        for (const location of first) one.report(location);
        for (const location of second) other.report(location);
        one.comesUp();
        other.comesUp();
        for (const step of steps) {
          if ('location' in step) {
            all.push(step.location);
            (step.at ? one : other).report(step.location);
            continue;
          }
          const [from, to] = step.from ? [one, other] : [other, one];
          const message = from.link.inFlight.shift();
          if (message !== undefined) to.deliver(message);
        }
        exchange(one, other, inTurn());
        const expected = greatest(all);
        expect(one.holds()).to.deep.equal(expected);
        expect(other.holds()).to.deep.equal(expected);
      }),
      { numRuns },
    );
  });

  it('[PE14] fill an empty one with clients that are all of one leaf, in pages of usual size', () => {
    const [one, other] = [new Side(blake, bryant), new Side(bryant, blake)];
    const count = 20_000;
    for (let index = 0; index < count; index += 1) one.report(createLocation(collidingId(index), 1));
    one.comesUp();
    other.comesUp();
    exchange(one, other, inTurn());
    expect(other.holds()).to.have.lengthOf(count);
    expect(one.link.largestPage).to.equal(500);
  }).timeout(60_000);

  it('[PE22] send each other nothing but what is in leaves that differ', () => {
    fc.assert(
      fc.property(held, held, held, (both, first, second) => {
        const [one, other] = [new Side(blake, bryant), new Side(bryant, blake)];
        for (const location of both) for (const side of [one, other]) side.report(location);
        for (const location of first) one.report(location);
        for (const location of second) other.report(location);
        const before = [new Set(one.holds()), new Set(other.holds())] as const;
        const differ = (line: string) => before[0].has(line) !== before[1].has(line);
        const bucket = (line: string) => leafOf((line.split(' ')[3] ?? '') as Location['client']);
        const differing = new Set([...before[0], ...before[1]].filter(differ).map(bucket));
        one.comesUp();
        other.comesUp();
        exchange(one, other, inTurn());
        for (const { client } of [...one.link.dealt, ...other.link.dealt]) {
          expect(differing.has(leafOf(client)), client).to.equal(true);
        }
        expect(one.holds()).to.deep.equal(other.holds());
      }),
      { numRuns },
    );
  });

  it('[PE14] send each other nothing if they hold the same', () => {
    const [one, other] = [new Side(blake, bryant), new Side(bryant, blake)];
    for (let index = 0; index < 1_000; index += 1) {
      for (const side of [one, other]) side.report(createLocation(`phone${index}`, 1));
    }
    one.comesUp();
    other.comesUp();
    exchange(one, other, inTurn());
    expect([...one.link.dealt, ...other.link.dealt]).to.deep.equal([]);
  });

  it('[PE25] send each other nothing as old as what the other has evicted, however often they compare', () => {
    const [one, other] = [new Side(blake, bryant, 100), new Side(bryant, blake)];
    for (let seconds = 1; seconds <= 150; seconds += 1) one.report(createLocation(`phone${seconds}`, seconds));
    for (let seconds = 1; seconds <= 150; seconds += 1) other.report(createLocation(`phone${seconds}`, seconds));
    const lacked = new Set(other.holds()).size - new Set(one.holds()).size;
    expect(lacked).to.be.above(30);
    one.comesUp();
    other.comesUp();
    exchange(one, other, inTurn());
    expect(other.link.dealt).to.deep.equal([]);
    // What is newer is told all the same, though it lies in a bucket that differs for good.
    other.deliver({ kind: 'restored', batch: LocationBatch.of([createLocation('phone1', 151)]) });
    one.comesUp();
    other.comesUp();
    exchange(one, other, inTurn());
    expect(other.link.dealt.map(({ line }) => line)).to.include(createLocation('phone1', 151).line);
    for (const { received } of other.link.dealt) expect(received.seconds).to.be.above(50);
  });

  it('[PE15] [PE14] refill one that holds nothing, page by page', () => {
    const [one, other] = [new Side(blake, bryant), new Side(bryant, blake)];
    for (let index = 0; index < 3_000; index += 1) one.report(createLocation(`phone${index}`, 1, 'Metta'));
    one.comesUp();
    other.comesUp();
    exchange(one, other, inTurn());
    expect(other.holds()).to.have.lengthOf(3_000);
    expect(other.link.dealt).to.have.lengthOf(0);
  });
});
