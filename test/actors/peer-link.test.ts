import { expect } from 'chai';
import type { Failure } from '../../src/actors/bus.js';
import type { LinkEvent } from '../../src/actors/events.js';
import type { PeerIdentity } from '../../src/actors/greeting.js';
import { addresses, type LinkMessage, type StoreMessage } from '../../src/actors/messages.js';
import { PeerLink } from '../../src/actors/peer-link.js';
import { WireMailbox } from '../../src/actors/wire-mailbox.js';
import type { ServerId } from '../../src/protocol/ids.js';
import { formatPeerAt } from '../../src/protocol/peer-line.js';
import type { MessageBus } from '../../src/runtime/message-bus.js';
import { FakeActor } from '../support/fake-actor.js';
import { eventsOf, failuresOf, strictBus } from '../support/fake-bus.js';
import { locationOf, serverId } from '../support/fake-location.js';
import { FakePeerWire, FakeTransport } from '../support/fake-peer-wire.js';
import { VirtualClock } from '../support/virtual-clock.js';

const blake = serverId('Blake');
const bryant = serverId('Bryant');
const metta = serverId('Metta');
const identity: PeerIdentity = { herd: 'twitter', server: bryant, neighbours: [blake, metta] };

const kiwi = locationOf('kiwi', 1_353_118_103, 'Howard');
const kiwiFrom = (forwarder: string) => formatPeerAt(kiwi, serverId(forwarder));

describe('PeerLink', () => {
  let bus: MessageBus;
  let clock: VirtualClock;
  let transport: FakeTransport;
  let store: FakeActor<StoreMessage>;
  let failures: Failure[];
  let told: LinkEvent[];
  let link: PeerLink;

  /** Starts Bryant's link to Metta, which it dials, or to Blake, by which it is called. */
  function begin(neighbour: ServerId): void {
    bus = strictBus();
    clock = new VirtualClock();
    transport = new FakeTransport();
    store = new FakeActor();
    failures = failuresOf(bus);
    told = eventsOf(bus, 'link');
    bus.attach(addresses.store, store);
    link = new PeerLink(bus, { clock, transport, random: { next: () => 0.5 } }, identity, neighbour);
    bus.attach(addresses.link(neighbour), link);
  }

  function states(): string[] {
    return told.splice(0).map(({ state, reason }) => (reason === '' ? state : `${state}: ${reason}`));
  }

  describe('to a neighbour that it dials', () => {
    beforeEach(() => begin(metta));

    const send = (message: LinkMessage) => bus.send(addresses.link(metta), message);

    /** The neighbour takes the call and greets. */
    function connect(): FakePeerWire {
      const { wire, listener } = transport.last;
      listener.opened(wire);
      listener.lines(wire, ['HELLO 1 twitter Metta Bryant']);
      wire.take();
      store.take();
      return wire;
    }

    it('[PE3] says nothing before the call is taken, and then says who it is', () => {
      const { to, wire, listener } = transport.last;
      expect(to).to.equal('Metta');
      expect(wire.sent).to.deep.equal([]);
      listener.opened(wire);
      expect(wire.sent).to.deep.equal(['HELLO 1 twitter Bryant Metta']);
      expect(store.received).to.deep.equal([]);
    });

    it('[PE14] catches up once it is greeted: page by page, and then says so', () => {
      const { wire, listener } = transport.last;
      listener.opened(wire);
      listener.lines(wire, ['HELLO 1 twitter Metta Bryant']);
      expect(store.take()).to.deep.equal([{ kind: 'catch-up', neighbour: metta }]);
      wire.take();
      send({ kind: 'page', locations: [kiwi], last: false });
      expect(store.take()).to.deep.equal([{ kind: 'next-page', neighbour: metta }]);
      send({ kind: 'page', locations: [locationOf('emu', 2)], last: true });
      expect(wire.sent).to.deep.equal([
        'AT Howard +0.100000000 kiwi +34.068930-118.445127 1353118103 Bryant',
        'AT Blake +0.100000000 emu +34.068930-118.445127 2 Bryant',
        'CAUGHT-UP',
      ]);
      expect(store.received).to.deep.equal([]);
    });

    it('is live when the neighbour has caught it up', () => {
      const wire = connect();
      expect(states()).to.deep.equal(['connecting', 'catching-up']);
      transport.last.listener.lines(wire, [kiwiFrom('Metta'), 'CAUGHT-UP']);
      expect(states()).to.deep.equal(['live']);
      expect(store.received).to.deep.equal([{ kind: 'learned', location: kiwi, from: metta }]);
    });

    it('forwards what is new in the line that flood wrote, and holds it back while there is no room', () => {
      const wire = connect();
      send({ kind: 'page', locations: [], last: true });
      wire.take();
      send({ kind: 'forward', location: kiwi, line: 'the line' });
      expect(wire.take()).to.deep.equal(['the line']);
      wire.hasRoom = false;
      for (let seconds = 1; seconds < 10; seconds += 1) {
        send({ kind: 'forward', location: locationOf('kiwi', seconds), line: `line ${seconds}` });
      }
      expect(wire.take()).to.deep.equal([]);
      wire.hasRoom = true;
      transport.last.listener.drained(wire);
      expect(wire.take()).to.deep.equal(['AT Blake +0.100000000 kiwi +34.068930-118.445127 9 Bryant']);
    });

    it('[PE15] keeps nothing for a neighbour that is away', () => {
      send({ kind: 'forward', location: kiwi, line: 'the line' });
      const wire = connect();
      expect(wire.sent).to.deep.equal([]);
      transport.last.listener.closed(wire, 'ECONNRESET');
      send({ kind: 'forward', location: kiwi, line: 'the line' });
      send({ kind: 'page', locations: [kiwi], last: true });
      clock.advance(50);
      expect(connect().sent).to.deep.equal([]);
    });

    for (const [name, line, reason] of [
      ['a refusal', 'REFUSED herd there, herd here', 'refused: herd there, herd here'],
      ['another herd', 'HELLO 1 places Metta Bryant', 'herd places there, herd twitter here'],
      ['another version', 'HELLO 2 twitter Metta Bryant', 'version 2 is spoken there, version 1 here'],
      ['a call for somebody else', 'HELLO 1 twitter Metta Blake', 'Blake was called, this is Bryant'],
      ['a server that is no neighbour', 'HELLO 1 twitter Gasol Bryant', 'Gasol is no neighbour of Bryant'],
      ['another neighbour', 'HELLO 1 twitter Blake Bryant', 'called Metta, reached Blake'],
      ['a location before the hello', 'AT Howard +0.1 kiwi +1+1 1 Metta', 'the neighbour did not greet'],
      ['noise', 'HTTP/1.1 400 Bad Request', 'the neighbour did not greet'],
    ] as const) {
      it(`[PE8] hangs up on ${name}, and takes nothing that comes with it`, () => {
        const { wire, listener } = transport.last;
        listener.opened(wire);
        states();
        listener.lines(wire, [line, 'HELLO 1 twitter Metta Bryant', kiwiFrom('Metta')]);
        expect(wire.state).to.equal('closed');
        expect(states()).to.deep.equal([`backoff: ${reason}`]);
        expect(store.received).to.deep.equal([]);
      });
    }

    for (const [name, line] of [
      ['a line of nobody', 'nonsense'],
      ['a second hello', 'HELLO 1 twitter Metta Bryant'],
      ['a refusal too late', 'REFUSED because'],
      ['a location that another server passes on', kiwiFrom('Blake')],
      ['a location that is none', 'AT Howard +0.100000000 kiwi +91+1 1353118103 Metta'],
    ] as const) {
      it(`[PE12] ends with a neighbour that sends ${name}, and takes nothing that comes with it`, () => {
        const wire = connect();
        states();
        transport.last.listener.lines(wire, [kiwiFrom('Metta'), line, kiwiFrom('Metta')]);
        expect(wire.state).to.equal('closed');
        expect(states()).to.deep.equal(['backoff: the neighbour sent a line that is not of the protocol']);
        expect(store.received).to.have.lengthOf(1);
      });
    }

    it('dials again after a loss, and nothing of the old wire counts any more', () => {
      const old = connect();
      const { listener: oldListener } = transport.last;
      oldListener.closed(old, 'ECONNRESET');
      expect(states()).to.deep.equal(['connecting', 'catching-up', 'backoff: ECONNRESET']);
      clock.advance(50);
      const wire = connect();
      expect(wire).to.not.equal(old);
      oldListener.lines(old, [kiwiFrom('Metta'), 'nonsense']);
      oldListener.drained(old);
      oldListener.closed(old, 'again');
      expect(states()).to.deep.equal(['connecting', 'catching-up']);
      expect(store.received).to.deep.equal([]);
      expect(wire.state).to.equal('open');
    });

    it('hangs up on a neighbour that takes the call and says nothing', () => {
      const { wire, listener } = transport.last;
      listener.opened(wire);
      clock.advance(5_000);
      expect(wire.state).to.equal('closed');
      clock.advance(50);
      expect(transport.calls).to.have.lengthOf(2);
    });

    it('stops for good: hangs up, and takes back its timers', () => {
      const wire = connect();
      link.stop();
      expect(wire.state).to.equal('closed');
      transport.last.listener.closed(wire, 'closed here');
      clock.advance(60_000);
      expect(transport.calls).to.have.lengthOf(1);
      expect(clock.armed).to.equal(0);
    });

    it('fails when its machine breaks, and then leaves no wire behind', () => {
      const wire = connect();
      transport.dial = () => {
        throw new Error('no more sockets');
      };
      transport.last.listener.closed(wire, 'ECONNRESET');
      clock.advance(50);
      expect(failures.map(({ address, error }) => `${address}: ${(error as Error).message}`)).to.deep.equal([
        'link/Metta: no more sockets',
      ]);
      const late = new FakePeerWire('192.0.2.7:1');
      send({ kind: 'called', wire: late });
      link.stop();
      expect(late.state).to.equal('closed');
    });
  });

  describe('to a neighbour that calls', () => {
    beforeEach(() => begin(blake));

    /** The acceptor hands over a wire on which Blake has said who it is. */
    function call(): { wire: FakePeerWire; mailbox: WireMailbox } {
      const wire = new FakePeerWire('192.0.2.7:40000');
      const mailbox = new WireMailbox(bus, addresses.link(blake));
      bus.send(addresses.link(blake), { kind: 'called', wire });
      return { wire, mailbox };
    }

    it('never dials, and greets back before it catches the neighbour up', () => {
      clock.advance(60_000);
      expect(transport.calls).to.deep.equal([]);
      const { wire } = call();
      expect(wire.sent).to.deep.equal(['HELLO 1 twitter Bryant Blake']);
      expect(store.received).to.deep.equal([{ kind: 'catch-up', neighbour: blake }]);
      expect(states()).to.deep.equal(['connecting', 'catching-up']);
    });

    it('waits for the next call when the wire is lost', () => {
      const { wire, mailbox } = call();
      states();
      mailbox.closed(wire, 'ECONNRESET');
      expect(states()).to.deep.equal(['connecting: ECONNRESET']);
      clock.advance(60_000);
      expect(transport.calls).to.deep.equal([]);
      call();
      expect(states()).to.deep.equal(['catching-up']);
    });

    it('[PE18] replaces the old wire when the neighbour calls again, and no line of the old one counts', () => {
      const old = call();
      old.mailbox.lines(old.wire, ['CAUGHT-UP']);
      states();
      store.take();
      const { wire, mailbox } = call();
      expect(old.wire.state).to.equal('closed');
      expect(states()).to.deep.equal(['catching-up']);
      expect(store.take()).to.deep.equal([{ kind: 'catch-up', neighbour: blake }]);
      old.mailbox.lines(old.wire, [kiwiFrom('Blake'), 'CAUGHT-UP', 'nonsense']);
      old.mailbox.closed(old.wire, 'the far end closed');
      expect(states()).to.deep.equal([]);
      expect(store.received).to.deep.equal([]);
      mailbox.lines(wire, [kiwiFrom('Blake'), 'CAUGHT-UP']);
      expect(states()).to.deep.equal(['live']);
      expect(store.received).to.have.lengthOf(1);
    });

    it('tells the log every line with the name of the neighbour', () => {
      const lines = eventsOf(bus, 'line');
      const { wire, mailbox } = call();
      mailbox.lines(wire, ['CAUGHT-UP']);
      expect(lines.map(({ direction, party, far, line }) => `${direction} ${party} ${far} ${line}`)).to.deep.equal([
        'out peer Blake HELLO 1 twitter Bryant Blake',
        'in peer Blake CAUGHT-UP',
      ]);
    });
  });
});
