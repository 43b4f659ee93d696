import { expect } from 'chai';
import fc from 'fast-check';
import { LocationStore } from '../../src/actors/location-store.js';
import { addresses, type ConnectionMessage, type FloodMessage, type LinkMessage } from '../../src/actors/messages.js';
import { asClientId } from '../../src/protocol/ids.js';
import { supersedes, type Location } from '../../src/protocol/location.js';
import type { MessageBus } from '../../src/runtime/message-bus.js';
import { FakeActor } from '../support/fake-actor.js';
import { eventsOf, strictBus } from '../support/fake-bus.js';
import { locationOf, serverId } from '../support/fake-location.js';

const asker = addresses.connection(1);
const neighbour = serverId('Metta');

describe('LocationStore', () => {
  let bus: MessageBus;
  let flood: FakeActor<FloodMessage>;
  let link: FakeActor<LinkMessage>;
  let client: FakeActor<ConnectionMessage>;

  beforeEach(() => {
    bus = strictBus();
    flood = new FakeActor();
    link = new FakeActor();
    client = new FakeActor();
    bus.attach(addresses.flood, flood);
    bus.attach(addresses.link(neighbour), link);
    bus.attach(asker, client);
    bus.attach(addresses.store, new LocationStore(bus));
  });

  function report(location: Location): void {
    bus.send(addresses.store, { kind: 'report', location });
  }

  function whereis(name: string): Location | undefined {
    bus.send(addresses.store, { kind: 'whereis', client: asClientId(name), replyTo: asker, question: 3 });
    const [answer] = client.take();
    if (answer?.kind !== 'located') throw new Error(`asked where ${name} is, got ${String(answer?.kind)}`);
    expect(answer.question).to.equal(3);
    return answer.location;
  }

  /** The pages that have come in since this was last asked. */
  function pages(): { locations: readonly Location[]; last: boolean }[] {
    return link.take().map((message) => {
      if (message.kind !== 'page') throw new Error(`a store sends pages, not ${message.kind}`);
      return message;
    });
  }

  it('knows where a client is that was reported, and nothing of one that was not', () => {
    report(locationOf('kiwi', 1));
    expect(whereis('kiwi')).to.deep.equal(locationOf('kiwi', 1));
    expect(whereis('emu')).to.equal(undefined);
  });

  it('[LO1] [LO3] holds the greatest of what it was told, whatever the order and whoever told it', () => {
    const anyLocation = fc.record({
      seconds: fc.integer({ min: 0, max: 3 }),
      server: fc.constantFrom('Blake', 'Bryant', 'Gasol'),
      client: fc.constantFrom('kiwi', 'emu'),
      learned: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(anyLocation, { minLength: 1 }), (told) => {
        bus.attach(addresses.store, new LocationStore(bus));
        flood.take();
        const greatest = new Map<string, Location>();
        for (const { seconds, server, client, learned } of told) {
          const location = locationOf(client, seconds, server);
          if (learned) bus.send(addresses.store, { kind: 'learned', location, from: neighbour });
          else report(location);
          const before = greatest.get(client);
          const isNew = before === undefined || supersedes(location, before);
          if (isNew) greatest.set(client, location);
          const from = learned ? neighbour : undefined;
          expect(flood.take()).to.deep.equal(isNew ? [{ kind: 'spread', location, from }] : []);
        }
        for (const [client, location] of greatest) expect(whereis(client)).to.deep.equal(location);
      }),
    );
  });

  it('[LO4] tells nobody of what it knew, or what is older', () => {
    const learned = eventsOf(bus, 'location-learned');
    report(locationOf('kiwi', 5));
    report(locationOf('kiwi', 5));
    report(locationOf('kiwi', 4));
    expect(learned.map(({ location }) => location.time)).to.deep.equal(['5']);
    expect(flood.received).to.have.lengthOf(1);
    expect(whereis('kiwi')?.time).to.equal('5');
  });

  it('deals out what it holds in pages, each when it is asked for', () => {
    for (let index = 0; index < 1_200; index += 1) report(locationOf(`phone${index}`, 1));
    bus.send(addresses.store, { kind: 'catch-up', neighbour });
    const got = pages();
    expect(got).to.have.lengthOf(1);
    for (let more = 0; more < 5; more += 1) {
      bus.send(addresses.store, { kind: 'next-page', neighbour });
      got.push(...pages());
    }
    expect(got.map(({ locations, last }) => [locations.length, last])).to.deep.equal([
      [500, false],
      [500, false],
      [200, true],
    ]);
    expect(new Set(got.flatMap(({ locations }) => locations.map(({ client }) => client))).size).to.equal(1_200);
  });

  for (const held of [0, 1, 499, 500, 501, 1_000]) {
    it(`comes to a last page with ${held} locations`, () => {
      for (let index = 0; index < held; index += 1) report(locationOf(`phone${index}`, 1));
      bus.send(addresses.store, { kind: 'catch-up', neighbour });
      for (let more = 0; more < 5; more += 1) bus.send(addresses.store, { kind: 'next-page', neighbour });
      const got = pages();
      expect(got.filter(({ last }) => last)).to.have.lengthOf(1);
      expect(got.at(-1)?.last).to.equal(true);
      expect(got.flatMap(({ locations }) => locations)).to.have.lengthOf(held);
    });
  }

  it('[PE14] misses nothing that it held at the start, while changes come in between pages', () => {
    const change = fc.record({ client: fc.nat(1_500), pagesBefore: fc.nat(3) });
    fc.assert(
      fc.property(fc.integer({ min: 500, max: 1_300 }), fc.array(change, { maxLength: 50 }), (held, changes) => {
        bus.attach(addresses.store, new LocationStore(bus));
        link.take();
        for (let index = 0; index < held; index += 1) report(locationOf(`phone${index}`, 1));
        const dealt = new Map<string, Location>();
        bus.send(addresses.store, { kind: 'catch-up', neighbour });
        for (let page = 0; page < 4; page += 1) {
          for (const { locations } of pages()) for (const location of locations) dealt.set(location.client, location);
          for (const { client, pagesBefore } of changes) {
            if (pagesBefore === page) report(locationOf(`phone${client}`, 2 + page));
          }
          bus.send(addresses.store, { kind: 'next-page', neighbour });
        }
        for (let index = 0; index < held; index += 1)
          expect(dealt.has(`phone${index}`), `phone${index}`).to.equal(true);
      }),
      { numRuns: 20 },
    );
  });

  it('begins anew for a neighbour that catches up again, and keeps neighbours apart', () => {
    const other = new FakeActor<LinkMessage>();
    const blake = serverId('Blake');
    bus.attach(addresses.link(blake), other);
    for (let index = 0; index < 700; index += 1) report(locationOf(`phone${index}`, 1));
    bus.send(addresses.store, { kind: 'catch-up', neighbour });
    bus.send(addresses.store, { kind: 'catch-up', neighbour: blake });
    bus.send(addresses.store, { kind: 'catch-up', neighbour });
    bus.send(addresses.store, { kind: 'next-page', neighbour });
    expect(pages().map(({ locations }) => locations.length)).to.deep.equal([500, 500, 200]);
    expect(other.received).to.have.lengthOf(1);
  });
});
