import { atOnce } from '../../support/session-settings.js';
import { expect } from 'chai';
import type { ClientEvent, ServerStateEvent } from '../../../src/actors/bus/events.js';
import { defaultLimits, defaultLinkTimings, type Limits } from '../../../src/actors/ports/limits.js';
import { addresses } from '../../../src/actors/addresses.js';
import { Server } from '../../../src/actors/server/server.js';
import { policies, type ActorKind } from '../../../src/actors/bus/supervision.js';
import type { EventOf, MessageBus } from '../../../src/runtime/bus/message-bus.js';
import { collectEvents, strictBus } from '../../support/fake-bus.js';
import { FakeClientChannel } from '../../support/fake-client-channel.js';
import { toServerId } from '../../support/fake-location.js';
import { ChannelReporter, FakePeerWire, FakeTransport } from '../../support/fake-peer-wire.js';
import { defaultUpstreamSettings } from '../../../src/actors/upstream/upstream-settings.js';
import { FakeHttp, fakeUpstream, flushPromises } from '../../support/fake-upstream.js';
import { VirtualClock } from '../../../src/simulation/time/virtual-clock.js';
import { sendInput } from '../../support/client-input.js';

const neighbours = ['Blake', 'Metta'].map(toServerId);

/** The actors that are there once a server. */
const { store, flood, lookup, gateway, acceptor, upstream } = addresses;
const supervised = { store, flood, lookup, gateway, acceptor, upstream };

describe('Server', () => {
  let bus: MessageBus;
  let clock: VirtualClock;
  let transport: FakeTransport;
  let http: FakeHttp;
  let server: Server;
  let stateEvents: ServerStateEvent[];
  let clients: ClientEvent[];
  let connections: number;

  beforeEach(() => begin());

  function begin(limits: Partial<Limits> = {}): void {
    bus = strictBus();
    clock = new VirtualClock();
    transport = new FakeTransport();
    http = new FakeHttp();
    stateEvents = collectEvents(bus, 'server');
    clients = [];
    bus.on('client-connected', (event) => clients.push(event));
    bus.on('client-disconnected', (event) => clients.push(event));
    bus.on('client-rejected', (event) => clients.push(event));
    connections = 0;
    const identity = { herd: 'twitter', server: toServerId('Bryant'), neighbours };
    server = new Server(
      {
        identity,
        limits: { ...defaultLimits, ...limits },
        upstream: fakeUpstream,
        linkTimings: defaultLinkTimings,
        upstreamSettings: defaultUpstreamSettings,
      },
      { registry: bus, reports: atOnce, clock, http, transport, random: { next: () => 0.5 }, secrets: undefined },
    );
    server.startStore();
    server.start();
  }

  const states = () => stateEvents.map(({ state }) => state);

  /** A client of the server: what it says, and what it hears. */
  function connect(address = '192.0.2.1') {
    connections += 1;
    const connection = connections;
    const wire = new FakeClientChannel(`${address}:${40_000 + connection}`);
    bus.send(addresses.server, { kind: 'connection-opened', connection, channel: wire });
    const to = addresses.connection(connection);
    return {
      wire,
      to,
      say: (line: string) => sendInput(bus, to, `${line}\n`, clock.now()),
      leave: (reason: string) => bus.send(to, { kind: 'closed', reason }),
    };
  }

  it('closes incoming peer channels when it has failed', () => {
    const early = new FakePeerWire('192.0.2.7:1');
    server.acceptPeer(early);
    expect(early.state).to.equal('open');
    bus.send(addresses.server, { kind: 'machine-failed', error: new Error('broken') });
    const late = new FakePeerWire('192.0.2.7:2');
    server.acceptPeer(late);
    expect([early.state, late.state]).to.deep.equal(['closed', 'closed']);
  });

  it('answers its clients with the reports of all', async () => {
    const [one, other] = [connect(), connect()];
    one.say('IAMAT kiwi +34.0-118.0 1699999999');
    expect(one.wire.written).to.equal('AT Bryant +1.000000000 kiwi +34.0-118.0 1699999999\n');
    other.say('WHATSAT kiwi 10 5');
    http.last.respond(200, '{"results":[]}');
    await flushPromises();
    expect(other.wire.written).to.equal('AT Bryant +1.000000000 kiwi +34.0-118.0 1699999999\n{"results":[]}\n');
  });

  it('dials the neighbours whose IDs sort after its own, and is dialled by the others', () => {
    expect(transport.calls.map(({ to }) => to)).to.deep.equal(['Metta']);
    const wire = new FakePeerWire('192.0.2.9:40000');
    new ChannelReporter(server.acceptPeer(wire)).lines(wire, ['HELLO 3 twitter Blake Bryant']);
    expect(wire.sent.map((line) => line.slice(0, 12))).to.deep.equal(['HELLO 3 twit', 'BEAT 1700000', 'DIGEST AAAAA']);
  });

  it('[PE28] announces to neighbours that it stops, and still answers clients then', async () => {
    const { wire: peer, listener } = transport.last;
    listener.opened(peer);
    listener.lines(peer, ['HELLO 3 twitter Metta Bryant', 'CAUGHT-UP']);
    peer.take();
    const { wire, say: sendLine } = connect();
    sendLine('IAMAT kiwi +34.0-118.0 1699999999');
    sendLine('WHATSAT kiwi 10 5');
    const drained = server.drain();
    expect(peer.take().at(-1)).to.equal('GOODBYE');
    expect(peer.state).to.equal('open');
    http.last.respond(200, '{"results":[]}');
    await flushPromises();
    expect(wire.written).to.match(/{"results":\[\]}\n$/);
    wire.take();
    bus.send(addresses.server, { kind: 'connection-closed', connection: 1, reason: 'the client closed' });
    await drained;
    expect(peer.state).to.equal('closed');
  });

  it('[PE28] announces nothing when it fails', () => {
    const { wire: peer, listener } = transport.last;
    listener.opened(peer);
    listener.lines(peer, ['HELLO 3 twitter Metta Bryant', 'CAUGHT-UP']);
    peer.take();
    bus.send(addresses.server, { kind: 'machine-failed', error: new Error('thrown on demand') });
    expect(peer.state).to.equal('closed');
    expect(peer.take()).to.deep.equal([]);
  });

  it('counts its clients, and publishes why each disconnected', () => {
    const [one, other] = [connect(), connect()];
    one.leave('the client closed');
    other.leave('ECONNRESET');
    expect(
      clients.map(({ kind, remoteAddress, reason, clients: now }) => [kind, remoteAddress, reason, now]),
    ).to.deep.equal([
      ['client-connected', '192.0.2.1:40001', '', 1],
      ['client-connected', '192.0.2.1:40002', '', 2],
      ['client-disconnected', '192.0.2.1:40001', 'the client closed', 1],
      ['client-disconnected', '192.0.2.1:40002', 'ECONNRESET', 0],
    ]);
  });

  describe('[CO9] at its limit of connections', () => {
    it('closes a further one at once, without a response, and publishes why', () => {
      begin({ maxConnections: 2 });
      const [first, , third] = [connect('192.0.2.1'), connect('192.0.2.2'), connect('192.0.2.3')];
      expect(third.wire).to.include({ state: 'destroyed', written: '' });
      const last = clients.at(-1);
      expect(last).to.include({ kind: 'client-rejected', reason: 'too many connections (limit 2)', clients: 2 });
      first.say('hello');
      expect(first.wire.written).to.equal('? hello\n');
    });

    it('accepts one again after one has closed, for whatever reason', () => {
      begin({ maxConnections: 1 });
      const left = connect();
      left.leave('the client closed');
      const failed = connect();
      bus.send(failed.to, { kind: 'machine-failed', error: new Error('thrown on demand') });
      expect([connect(), connect()].map(({ wire }) => wire.state)).to.deep.equal(['open', 'destroyed']);
    });

    it('limits those of one host', () => {
      begin({ maxConnectionsPerAddress: 2 });
      const addresses = [
        '192.0.2.1',
        '192.0.2.1',
        '192.0.2.1',
        '192.0.2.2',
        '[2001:db8::1]',
        '[2001:db8::1]',
        '[2001:db8::1]',
      ];
      const all = addresses.map((address) => connect(address));
      const states = all.map(({ wire }) => wire.state);
      expect(states).to.deep.equal(['open', 'open', 'destroyed', 'open', 'open', 'open', 'destroyed']);
      expect(clients.at(-1)?.reason).to.equal('too many connections from this address (limit 2)');
      all[0]?.leave('the client closed');
      expect([connect(), connect()].map(({ wire }) => wire.state)).to.deep.equal(['open', 'destroyed']);
    });

    it('does not count a rejected one', () => {
      begin({ maxConnectionsPerAddress: 1 });
      const first = connect();
      for (let more = 0; more < 10; more += 1) connect().leave('the client closed');
      first.leave('the client closed');
      expect(connect().wire.state).to.equal('open');
    });
  });

  it('[CO8] closes an idle connection, and publishes why', () => {
    begin({ idleTimeoutMs: 60_000 });
    const { wire } = connect();
    clock.advance(60_000);
    expect(wire.state).to.equal('destroyed');
    expect(clients.at(-1)).to.include({ kind: 'client-disconnected', reason: 'idle for 60 s', clients: 0 });
  });

  it('[WH10] looks up an unknown client among its neighbours, and responds with what they find', async () => {
    const { wire: peer, listener } = transport.last;
    listener.opened(peer);
    listener.lines(peer, ['HELLO 3 twitter Metta Bryant', 'CAUGHT-UP']);
    peer.take();
    const { wire, say: sendLine } = connect();
    sendLine('WHATSAT kiwi 10 5');
    const [lookupLine = ''] = peer.take();
    expect(lookupLine).to.match(/^SEEK Bryant:\w+ 16 kiwi$/);
    listener.lines(peer, ['AT Howard +0.100000000 kiwi +34.0-118.0 1699999999 Metta']);
    http.last.respond(200, '{"results":[]}');
    await flushPromises();
    expect(wire.written).to.equal('AT Howard +0.100000000 kiwi +34.0-118.0 1699999999\n{"results":[]}\n');
  });

  it('[WH10] responds as unknown as soon as all neighbours have, or are disconnected', () => {
    const { wire: peer, listener } = transport.last;
    const { wire, say: sendLine } = connect();
    sendLine('WHATSAT kiwi 10 5');
    expect(wire.take(), 'all neighbours are away').to.equal('? WHATSAT kiwi 10 5\n');
    listener.opened(peer);
    listener.lines(peer, ['HELLO 3 twitter Metta Bryant', 'CAUGHT-UP']);
    peer.take();
    sendLine('WHATSAT kiwi 10 5');
    const id = peer.take()[0]?.split(' ')[1] ?? '';
    expect(wire.take()).to.equal('');
    listener.lines(peer, [`UNKNOWN ${id}`]);
    expect(wire.take()).to.equal('? WHATSAT kiwi 10 5\n');
  });

  it('keeps the report of a client that has disconnected', () => {
    const one = connect();
    one.say('IAMAT kiwi +34.0-118.0 1699999999');
    one.leave('the client closed');
    connect().say('WHATSAT kiwi 10 5');
    expect(http.requests).to.have.lengthOf(1);
  });

  it('closes the connection whose actor failed, and no other', () => {
    const [one, other] = [connect(), connect()];
    bus.send(one.to, { kind: 'machine-failed', error: new Error('thrown on demand') });
    expect(one.wire.state).to.equal('destroyed');
    expect(clients.at(-1)).to.include({ kind: 'client-disconnected', reason: 'its actor failed', clients: 1 });
    other.say('hello');
    expect(other.wire.written).to.equal('? hello\n');
    expect(states()).to.deep.equal(['running']);
  });

  it('[UP9] responds to a query over which the store or the upstream failed', async () => {
    const broken = {
      receive: () => {
        throw new Error('thrown on demand');
      },
      stop: () => undefined,
    };
    const { wire, say: sendLine } = connect();
    sendLine('IAMAT kiwi +34.0-118.0 1699999999');
    const at = wire.take();
    bus.attach(addresses.upstream, broken);
    sendLine('WHATSAT kiwi 10 5');
    expect(wire.take()).to.equal(`${at}{"error":"internal error"}\n`);
    sendLine('WHATSAT kiwi 10 5');
    http.last.respond(200, '{"again":1}');
    await flushPromises();
    expect(wire.take(), 'the upstream actor was made anew').to.equal(`${at}{"again":1}\n`);
    bus.attach(addresses.store, broken);
    sendLine('WHATSAT kiwi 10 5');
    expect(wire.take()).to.equal('? WHATSAT kiwi 10 5\n');
    expect(states()).to.deep.equal(['running']);
  });

  describe('when one of its actors throws', () => {
    const metta = toServerId('Metta');
    const kiwi = 'IAMAT kiwi +34.0-118.0 1699999999';
    const at = 'AT Bryant +1.000000000 kiwi +34.0-118.0 1699999999\n';
    let failures: EventOf<'actor-failed'>[];

    /** No actor takes this. */
    const poison = undefined as never;

    beforeEach(() => (failures = collectEvents(bus, 'actor-failed')));

    /** Does what the table says to the actor that threw, and nothing to the server. */
    function did(kind: ActorKind, address: string): void {
      const { directive } = policies[kind];
      expect(failures.map((failure) => [failure.address, failure.directive])).to.deep.equal([[address, directive]]);
      expect(states()).to.deep.equal(['running']);
    }

    /** Metta greets Bryant, who called. */
    function greet(): FakePeerWire {
      const { wire, listener } = transport.last;
      listener.opened(wire);
      listener.lines(wire, ['HELLO 3 twitter Metta Bryant', 'CAUGHT-UP']);
      wire.take();
      return wire;
    }

    it('stops a connection, and serves the others', () => {
      const [one, other] = [connect(), connect()];
      bus.send(one.to, poison);
      did('connection', one.to);
      expect(one.wire.state).to.equal('destroyed');
      other.say(kiwi);
      expect(other.wire.take()).to.equal(at);
    });

    it('resumes the store with its locations', () => {
      const { wire, say: sendLine } = connect();
      sendLine(kiwi);
      bus.send(addresses.store, poison);
      did('store', addresses.store);
      sendLine('WHATSAT kiwi 10 5');
      expect(http.requests).to.have.lengthOf(1);
      expect(wire.take()).to.equal(at);
    });

    it('restarts the flood, which sends the next locations', () => {
      const peer = greet();
      bus.send(addresses.flood, poison);
      did('flood', addresses.flood);
      connect().say(kiwi);
      expect(peer.take()).to.deep.equal([`${at.trimEnd()} Bryant`]);
    });

    it('the lookup is restarted: pending lookups are answered, and new ones are sent', () => {
      const peer = greet();
      const { wire, say: sendLine } = connect();
      sendLine('WHATSAT kiwi 10 5');
      expect(peer.take()).to.have.lengthOf(1);
      bus.send(addresses.lookup, poison);
      did('lookup', addresses.lookup);
      expect(wire.take()).to.equal('? WHATSAT kiwi 10 5\n');
      sendLine('WHATSAT moa 10 5');
      expect(peer.take()[0]).to.match(/^SEEK Bryant:\w+ 16 moa$/);
    });

    it('the upstream is restarted: pending requests get an error, and new ones an answer', async () => {
      const { wire, say: sendLine } = connect();
      sendLine(kiwi);
      sendLine('WHATSAT kiwi 10 5');
      wire.take();
      bus.send(addresses.upstream, poison);
      did('upstream', addresses.upstream);
      await flushPromises();
      expect(wire.take()).to.match(new RegExp(`^${at.replaceAll('+', '\\+')}\\{"error":"[^"]+"\\}\n$`));
      sendLine('WHATSAT kiwi 10 5');
      http.last.respond(200, '{"results":[]}');
      await flushPromises();
      expect(wire.take()).to.equal(`${at}{"results":[]}\n`);
    });

    it('restarts a link, which reconnects and catches up', () => {
      const peer = greet();
      bus.send(addresses.link(metta), poison);
      did('link', addresses.link(metta));
      expect(peer.state).to.equal('closed');
      expect(transport.calls.map(({ to }) => to)).to.deep.equal(['Metta', 'Metta']);
      const again = greet();
      connect().say(kiwi);
      expect(again.take()).to.deep.equal([`${at.trimEnd()} Bryant`]);
    });

    it('restarts the acceptor, which closes pending channels and accepts new ones', () => {
      const [waiting, later] = [new FakePeerWire('192.0.2.8:40000'), new FakePeerWire('192.0.2.9:40000')];
      server.acceptPeer(waiting);
      bus.send(addresses.acceptor, poison);
      did('acceptor', addresses.acceptor);
      expect(waiting.state).to.equal('closed');
      new ChannelReporter(server.acceptPeer(later)).lines(later, ['HELLO 3 twitter Blake Bryant']);
      expect(later.sent[0]).to.equal('HELLO 3 twitter Bryant Blake');
    });

    for (const [kind, address] of Object.entries({ ...supervised, link: addresses.link(metta) })) {
      it(`fails the whole server after too many failures of the ${kind}`, () => {
        const { maxFailures } = policies[kind as ActorKind];
        for (let failure = 0; failure < maxFailures; failure += 1) bus.send<never>(address, poison);
        expect(states()).to.deep.equal(['running']);
        bus.send<never>(address, poison);
        expect(states()).to.deep.equal(['running', 'failed']);
      });
    }
  });

  describe('when it is drained', () => {
    it('stops at once without clients: closes its links and detaches its actors', async () => {
      const { wire } = transport.last;
      await server.drain();
      expect(states()).to.deep.equal(['running', 'draining', 'stopped']);
      expect(wire.state).to.equal('closed');
      expect(clock.armedTimerCount).to.equal(0);
      const deadLetters = collectEvents(bus, 'dead-letter');
      bus.send(addresses.antiEntropy, { kind: 'next-page', neighbour: toServerId('Blake') });
      bus.send(addresses.server, { kind: 'connection-closed', connection: 1, reason: '' });
      expect(deadLetters).to.have.lengthOf(2);
    });

    for (const ends of ['without clients', 'when the last has left']) {
      it(`[PE30] publishes nothing about clocks as its links stop, ${ends}, and sends nothing to stopped actors`, async () => {
        const { wire: peer, listener } = transport.last;
        listener.opened(peer);
        listener.lines(peer, ['HELLO 3 twitter Metta Bryant', 'BEAT 1700000000.000000000']);
        const caller = new FakePeerWire('192.0.2.9:40000');
        new ChannelReporter(server.acceptPeer(caller)).lines(caller, [
          'HELLO 3 twitter Blake Bryant',
          'BEAT 1700086400.000000000',
        ]);
        const events = [collectEvents(bus, 'clock'), collectEvents(bus, 'dead-letter')];
        const client = ends === 'without clients' ? undefined : connect();
        const drained = server.drain();
        client?.leave('the client closed');
        await drained;
        expect(states()).to.deep.equal(['running', 'draining', 'stopped']);
        expect(events).to.deep.equal([[], []]);
      });
    }

    it('[CO5] completes all pending responses, and stops when the last client has disconnected', async () => {
      const [idle, waiting] = [connect(), connect()];
      waiting.say('IAMAT kiwi +34.0-118.0 1699999999');
      waiting.say('WHATSAT kiwi 10 5');
      waiting.wire.take();
      const drained = server.drain();
      expect([idle.wire.state, waiting.wire.state]).to.deep.equal(['ended', 'open']);
      idle.leave('the client closed');
      http.last.respond(200, '{"results":[]}');
      await flushPromises();
      expect(waiting.wire.written).to.contain('{"results":[]}');
      expect(waiting.wire.state).to.equal('ended');
      expect(states()).to.deep.equal(['running', 'draining']);
      waiting.leave('the client closed');
      await drained;
      expect(states()).to.deep.equal(['running', 'draining', 'stopped']);
    });

    it('waits at most six seconds for a client that does not disconnect', async () => {
      const { wire } = connect();
      const drained = server.drain();
      clock.advance(5_999);
      expect(states()).to.deep.equal(['running', 'draining']);
      clock.advance(1);
      await drained;
      expect(states()).to.deep.equal(['running', 'draining', 'stopped']);
      expect(wire.state).to.equal('destroyed');
    });

    it('starts no waiting query when it stops', async () => {
      server.stop();
      begin({ maxPendingQueries: 1 });
      const [oldest, others] = [connect(), [connect(), connect()]];
      oldest.say('IAMAT kiwi +34.0-118.0 1699999999');
      for (const [index, client] of others.entries()) client.say(`WHATSAT kiwi 10 ${index}`);
      oldest.say('WHATSAT kiwi 10 5');
      const drained = server.drain();
      clock.advance(6_000);
      await drained;
      expect(states().at(-1)).to.equal('stopped');
      expect(http.requests).to.have.lengthOf(2);
    });

    it('waits long enough for an upstream that never answers', async () => {
      const client = connect();
      client.say('IAMAT kiwi +34.0-118.0 1699999999');
      client.say('WHATSAT kiwi 10 5');
      const drained = server.drain();
      clock.advance(5_000);
      await flushPromises();
      expect(client.wire.written).to.contain('{"error":"no response within 5 s"}');
      expect(client.wire.state).to.equal('ended');
      client.leave('the client closed');
      await drained;
    });

    it('rejects new connections', () => {
      connect();
      void server.drain();
      const late = connect();
      expect(late.wire.state).to.equal('destroyed');
      expect(clients.map(({ kind, reason }) => [kind, reason])).to.deep.equal([
        ['client-connected', ''],
        ['client-rejected', 'server is shutting down'],
      ]);
    });

    it('still receives from its neighbours', () => {
      const wire = new FakePeerWire('192.0.2.9:40000');
      connect();
      void server.drain();
      new ChannelReporter(server.acceptPeer(wire)).lines(wire, ['HELLO 3 twitter Blake Bryant']);
      expect(wire.sent[0]).to.equal('HELLO 3 twitter Bryant Blake');
    });
  });

  describe('when a failure escalates', () => {
    function fail(): void {
      bus.send(addresses.server, { kind: 'machine-failed', error: new Error('thrown on demand') });
    }

    it('stops every actor, disconnects all clients, and publishes why', async () => {
      const client = connect();
      const { wire } = transport.last;
      fail();
      expect(stateEvents.at(-1)).to.deep.equal({ kind: 'server', state: 'failed', reason: 'Error: thrown on demand' });
      expect(client.wire.state).to.equal('destroyed');
      expect(wire.state).to.equal('closed');
      expect(clock.armedTimerCount).to.equal(0);
      await server.drain();
    });

    it('ends a running drain', async () => {
      connect();
      const drained = server.drain();
      fail();
      await drained;
      expect(states()).to.deep.equal(['running', 'draining', 'failed']);
    });
  });
});
