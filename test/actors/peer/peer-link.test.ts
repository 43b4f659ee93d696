import { expect } from 'chai';
import type { ActorFailure } from '../../../src/actors/bus/bus.js';
import type { LinkEvent } from '../../../src/actors/bus/events.js';
import type { PeerIdentity, Secrets } from '../../../src/protocol/peer/handshake.js';
import { addresses } from '../../../src/actors/addresses.js';
import type { ClockMonitorMessage, LinkMessage } from '../../../src/actors/peer/messages.js';
import type { LookupMessage } from '../../../src/actors/replication/messages.js';
import type { AntiEntropyMessage, StoreMessage } from '../../../src/actors/store/messages.js';
import { defaultLimits } from '../../../src/actors/ports/limits.js';
import { PeerLink } from '../../../src/actors/peer/peer-link.js';
import type { ServerId } from '../../../src/protocol/place/ids.js';
import { formatPeerAt } from '../../../src/protocol/peer/peer-line.js';
import type { MessageBus } from '../../../src/runtime/bus/message-bus.js';
import { FakeActor } from '../../support/fake-actor.js';
import { collectEvents, collectFailures, strictBus } from '../../support/fake-bus.js';
import { createLocation, toServerId } from '../../support/fake-location.js';
import { ChannelReporter, FakePeerWire, FakeTransport } from '../../support/fake-peer-wire.js';
import { FakeSecrets } from '../../support/fake-secrets.js';
import { VirtualClock } from '../../../src/simulation/time/virtual-clock.js';
import type { LocationBatch } from '../../../src/protocol/place/location-batch.js';
import type { Location } from '../../../src/protocol/place/location.js';
import { batchFrom } from '../../support/forwarded-batch.js';

const blake = toServerId('Blake');
const bryant = toServerId('Bryant');
const metta = toServerId('Metta');
const identity: PeerIdentity = {
  herd: 'twitter',
  server: bryant,
  neighbours: [blake, metta],
};

const kiwi = createLocation('kiwi', 1_353_118_103, 'Howard');
const kiwiFrom = (forwarder: string) => formatPeerAt(kiwi, toServerId(forwarder));

/** Locations as the flood sends them to a link of Bryant. */
function forwarded(...locations: readonly Location[]): LocationBatch {
  return batchFrom(bryant, locations);
}

const noPlaceHere = 'unexpected message from peer';
const inTheNameOfAnother = 'the neighbour forwarded a location in the name of another server';
const otherVersion = 'Metta uses version 2 of the peer protocol, Bryant version 3';
const notInTurn = 'unexpected line in the handshake';

describe('PeerLink', () => {
  let bus: MessageBus;
  let clock: VirtualClock;
  let transport: FakeTransport;
  let store: FakeActor<StoreMessage | AntiEntropyMessage>;
  let clientLookup: FakeActor<LookupMessage>;
  let clocks: FakeActor<ClockMonitorMessage>;
  let failures: ActorFailure[];
  let linkEvents: LinkEvent[];
  let link: PeerLink;

  /** Starts Bryant's link to Metta, which it dials, or to Blake, by which it is called. */
  function begin(neighbour: ServerId, secrets?: Secrets): void {
    bus = strictBus();
    clock = new VirtualClock();
    transport = new FakeTransport();
    store = new FakeActor();
    clientLookup = new FakeActor();
    failures = collectFailures(bus);
    linkEvents = collectEvents(bus, 'link');
    bus.attach(addresses.store, store);
    bus.attach(addresses.lookup, clientLookup);
    clocks = new FakeActor();
    bus.attach(addresses.clockMonitor, clocks);
    const edges = { clock, transport, random: { next: () => 0.5 }, secrets };
    link = new PeerLink(
      bus,
      edges,
      { identity, linkTimings: { heartbeatMs: 2_000, antiEntropyMs: 30_000 }, limits: defaultLimits },
      neighbour,
    );
    bus.attach(addresses.link(neighbour), link);
    expect(clocks.take(), 'of a link before that failed').to.deep.equal([{ kind: 'clock-lost', neighbour }]);
  }

  function states(): string[] {
    return linkEvents.splice(0).map(({ state, reason }) => (reason === '' ? state : `${state}: ${reason}`));
  }

  describe('to a neighbour that it dials', () => {
    beforeEach(() => begin(metta));

    const send = (message: LinkMessage) => bus.send(addresses.link(metta), message);

    /** The neighbour takes the call and greets. */
    function connect(): FakePeerWire {
      const { wire, listener } = transport.last;
      listener.opened(wire);
      listener.lines(wire, ['HELLO 3 twitter Metta Bryant']);
      wire.take();
      store.take();
      return wire;
    }

    it('[PE3] sends nothing before the channel is open, and then HELLO', () => {
      const { to, wire, listener } = transport.last;
      expect(to).to.equal('Metta');
      expect(wire.sent).to.deep.equal([]);
      listener.opened(wire);
      expect(wire.sent).to.deep.equal(['HELLO 3 twitter Bryant Metta']);
      expect(store.received).to.deep.equal([]);
    });

    it('[PE14] sends a digest after the handshake, and answers that of the neighbour', () => {
      const { wire, listener } = transport.last;
      listener.opened(wire);
      wire.take();
      listener.lines(wire, ['HELLO 3 twitter Metta Bryant']);
      expect(store.take()).to.deep.equal([{ kind: 'digest-requested', neighbour: metta, isNewLink: true }]);
      send({ kind: 'digest', partitionHashes: 'AAAA', horizon: undefined });
      expect(wire.take()).to.deep.equal(['BEAT 1700000000.000000000', 'DIGEST AAAA']);
      listener.lines(wire, ['DIGEST BBBB']);
      expect(store.take()).to.deep.equal([
        { kind: 'digest-received', neighbour: metta, partitionHashes: 'BBBB', horizon: undefined },
      ]);
      const differingPartitions = [3, 224].map((partition) => ({ partition, leafHashes: 'CCCC' }));
      send({ kind: 'digest-compared', differingPartitions });
      expect(wire.take()).to.deep.equal(['LEAVES 3 CCCC', 'LEAVES 224 CCCC', 'COMPARED']);
      send({ kind: 'digest-compared', differingPartitions: [] });
      expect(wire.take()).to.deep.equal(['COMPARED']);
    });

    it('[PE14] sends the differing locations page by page, and then CAUGHT-UP', () => {
      const wire = connect();
      transport.last.listener.lines(wire, ['LEAVES 3 CCCC', 'COMPARED']);
      expect(store.take()).to.deep.equal([
        { kind: 'leaves-received', neighbour: metta, partition: 3, leafHashes: 'CCCC' },
        { kind: 'catch-up', neighbour: metta },
      ]);
      send({ kind: 'page', batch: forwarded(kiwi), isLast: false });
      expect(store.take(), 'clients have their turn').to.deep.equal([]);
      clock.advance(2);
      expect(store.take()).to.deep.equal([{ kind: 'next-page', neighbour: metta }]);
      send({ kind: 'page', batch: forwarded(createLocation('emu', 2)), isLast: true });
      expect(wire.sent).to.deep.equal([
        'AT Howard +0.100000000 kiwi +34.068930-118.445127 1353118103 Bryant',
        'AT Blake +0.100000000 emu +34.068930-118.445127 2 Bryant',
        'CAUGHT-UP',
      ]);
      expect(store.received).to.deep.equal([]);
    });

    it('[PE14] limits comparisons to ten a second, and compares the newest digest last', () => {
      const wire = connect();
      const digests = (from: number) => Array.from({ length: 128 }, (_, index) => `DIGEST D${from + index}`);
      const compared = () =>
        store.take().flatMap((message) => (message.kind === 'digest-received' ? [message.partitionHashes] : []));
      transport.last.listener.lines(wire, digests(0));
      expect(compared()).to.deep.equal(['D0']);
      clock.advance(99);
      transport.last.listener.lines(wire, digests(128));
      expect(compared()).to.deep.equal([]);
      clock.advance(1);
      expect(compared()).to.deep.equal(['D255']);
      clock.advance(100);
      expect(compared()).to.deep.equal([]);
      transport.last.listener.lines(wire, digests(256));
      expect(compared()).to.deep.equal(['D256']);
      transport.last.listener.closed(wire, 'ECONNRESET');
      store.take();
      clock.advance(100);
      expect(compared(), 'the connection is over').to.deep.equal([]);
    });

    it('[PE14] runs one catch-up at a time, and one more for all requests made meanwhile', () => {
      const wire = connect();
      const storeMessages = () => store.take().map(({ kind }) => kind);
      transport.last.listener.lines(
        wire,
        Array.from({ length: 128 }, () => 'COMPARED'),
      );
      expect(storeMessages()).to.deep.equal(['catch-up']);
      send({ kind: 'page', batch: forwarded(kiwi), isLast: true });
      expect(storeMessages()).to.deep.equal(['catch-up']);
      send({ kind: 'page', batch: forwarded(), isLast: true });
      expect(storeMessages()).to.deep.equal([]);
      expect(wire.take().filter((line) => line === 'CAUGHT-UP')).to.have.lengthOf(2);
      transport.last.listener.lines(wire, ['COMPARED', 'COMPARED']);
      expect(storeMessages()).to.deep.equal(['catch-up']);
      // The store failed, and dealt out no page.
      clock.advance(1_000);
      transport.last.listener.lines(wire, ['COMPARED']);
      expect(storeMessages()).to.deep.equal(['catch-up']);
    });

    it('requests no more pages when the neighbour is disconnected', () => {
      connect();
      send({ kind: 'page', batch: forwarded(kiwi), isLast: false });
      transport.last.listener.closed(transport.last.wire, 'ECONNRESET');
      store.take();
      clock.advance(2);
      expect(store.take()).to.deep.equal([]);
    });

    it('is live after the neighbour sent CAUGHT-UP', () => {
      const wire = connect();
      expect(states()).to.deep.equal(['connecting', 'catching-up']);
      transport.last.listener.lines(wire, [kiwiFrom('Metta'), 'CAUGHT-UP']);
      expect(states()).to.deep.equal(['live']);
      expect(store.received).to.deep.equal([{ kind: 'learned', locations: [kiwi], from: metta }]);
    });

    it('sends locations received together to the store together, in order with other messages', () => {
      const wire = connect();
      store.take();
      const at = (seconds: number) => formatPeerAt(createLocation('kiwi', seconds), metta);
      transport.last.listener.lines(wire, [at(1), at(2), 'SEEK Metta:1 3 emu', at(3), 'COMPARED', at(4)]);
      const learned = (...seconds: number[]) => {
        return { kind: 'learned', locations: seconds.map((each) => createLocation('kiwi', each)), from: metta };
      };
      expect(store.take().map((message) => (message.kind === 'learned' ? message : message.kind))).to.deep.equal([
        learned(1, 2),
        'lookup-requested',
        learned(3),
        'catch-up',
        learned(4),
      ]);
    });

    it('answers a digest only when its channel is writable, and only the last of several', () => {
      const wire = connect();
      store.take();
      wire.isWritable = false;
      transport.last.listener.lines(wire, ['DIGEST AAAA', 'DIGEST BBBB']);
      expect(store.take()).to.deep.equal([]);
      wire.isWritable = true;
      transport.last.listener.drained(wire);
      const compare = { kind: 'digest-received', partitionHashes: 'BBBB', horizon: undefined, neighbour: metta };
      expect(store.take()).to.deep.equal([compare]);
      transport.last.listener.drained(wire);
      expect(store.take()).to.deep.equal([]);
    });

    it('accepts lines before an unexpected one, and none after it', () => {
      const wire = connect();
      store.take();
      const at = (seconds: number) => formatPeerAt(createLocation('kiwi', seconds), metta);
      transport.last.listener.lines(wire, [at(1), 'GET / HTTP/1.1', at(2)]);
      expect(store.take()).to.deep.equal([{ kind: 'learned', locations: [createLocation('kiwi', 1)], from: metta }]);
      expect(wire.state).to.equal('closed');
    });

    it('forwards new locations with the lines of the flood, and queues them while the channel is not writable', () => {
      const wire = connect();
      send({ kind: 'page', batch: forwarded(), isLast: true });
      wire.take();
      send({ kind: 'forward', batch: forwarded(kiwi) });
      expect(wire.take()).to.deep.equal([kiwiFrom('Bryant')]);
      wire.isWritable = false;
      for (let seconds = 1; seconds < 10; seconds += 1) {
        send({ kind: 'forward', batch: forwarded(createLocation('kiwi', seconds)) });
      }
      expect(wire.take()).to.deep.equal([]);
      wire.isWritable = true;
      transport.last.listener.drained(wire);
      expect(wire.take()).to.deep.equal(['AT Blake +0.100000000 kiwi +34.068930-118.445127 9 Bryant']);
    });

    it('[PE15] queues nothing for a disconnected neighbour', () => {
      send({ kind: 'forward', batch: forwarded(kiwi) });
      const wire = connect();
      expect(wire.sent).to.deep.equal([]);
      transport.last.listener.closed(wire, 'ECONNRESET');
      send({ kind: 'forward', batch: forwarded(kiwi) });
      send({ kind: 'page', batch: forwarded(kiwi), isLast: true });
      clock.advance(50);
      expect(connect().sent).to.deep.equal([]);
    });

    for (const [name, line, reason] of [
      ['a refusal', 'REFUSED Bryant is too loud', 'refused: Bryant is too loud'],
      ['another herd', 'HELLO 3 places Metta Bryant', 'Metta belongs to herd places, Bryant to herd twitter'],
      ['another version', 'HELLO 2 twitter Metta Bryant', otherVersion],
      ['a call for somebody else', 'HELLO 3 twitter Metta Blake', 'Blake was dialled, but this is Bryant'],
      ['a server that is no neighbour', 'HELLO 3 twitter Gasol Bryant', 'Gasol is not a neighbour of Bryant'],
      ['another neighbour', 'HELLO 3 twitter Blake Bryant', 'Metta was dialled, but Blake answered'],
      ['a location before the hello', 'AT Howard +0.1 kiwi +1+1 1 Metta', notInTurn],
      ['noise', 'HTTP/1.1 400 Bad Request', notInTurn],
    ] as const) {
      it(`[PE8] disconnects ${name}, and ignores its other lines`, () => {
        const { wire, listener } = transport.last;
        listener.opened(wire);
        states();
        listener.lines(wire, [line, 'HELLO 3 twitter Metta Bryant', kiwiFrom('Metta')]);
        expect(wire.state).to.equal('closed');
        expect(states()).to.deep.equal([`backoff: ${reason}`]);
        expect(store.received).to.deep.equal([]);
      });
    }

    for (const [name, line] of [
      ['a line of nobody', 'nonsense'],
      ['a second hello', 'HELLO 3 twitter Metta Bryant'],
      ['a refusal too late', 'REFUSED because'],
      ['a location that another server passes on', kiwiFrom('Blake')],
      ['a location that is none', 'AT Howard +0.100000000 kiwi +91+1 1353118103 Metta'],
      ['buckets of no partition', 'LEAVES 256 AAAA'],
      ['a proof too late', 'PROOF x'],
    ] as const) {
      it(`[PE12] disconnects a neighbour that sends ${name}, and ignores its other lines`, () => {
        const wire = connect();
        states();
        transport.last.listener.lines(wire, [kiwiFrom('Metta'), line, kiwiFrom('Metta')]);
        expect(wire.state).to.equal('closed');
        const reason = line.startsWith('AT Howard +0.1') && line.endsWith('Blake') ? inTheNameOfAnother : noPlaceHere;
        expect(states()).to.deep.equal([`backoff: ${reason}`]);
        expect(store.received).to.have.lengthOf(1);
      });
    }

    it('dials again after a disconnect, and ignores the old channel', () => {
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

    it('disconnects a neighbour that accepts the connection and sends nothing', () => {
      const { wire, listener } = transport.last;
      listener.opened(wire);
      clock.advance(5_000);
      expect(wire.state).to.equal('closed');
      clock.advance(50);
      expect(transport.calls).to.have.lengthOf(2);
    });

    it('[PE23] sends heartbeats, and disconnects a neighbour that is silent for three intervals', () => {
      const wire = connect();
      states();
      clock.advance(5_999);
      expect(wire.take()).to.deep.equal(['BEAT 1700000002.000000000', 'BEAT 1700000004.000000000']);
      expect(states()).to.deep.equal([]);
      expect(wire.state).to.equal('open');
      clock.advance(1);
      expect(wire.state).to.equal('closed');
      expect(states()).to.deep.equal(['backoff: heartbeat timeout']);
    });

    it("[PE30] measures the neighbour's clock by its heartbeats while it is connected", () => {
      const wire = connect();
      const { listener } = transport.last;
      clock.advance(1_500);
      listener.lines(wire, ['BEAT 1700000000.250000000', 'BEAT 1700086401.500000000']);
      expect(clocks.take()).to.deep.equal([
        { kind: 'clock-received', neighbour: metta, offsetMs: -1_250 },
        { kind: 'clock-received', neighbour: metta, offsetMs: 86_400_000 },
      ]);
      listener.closed(wire, 'ECONNRESET');
      expect(clocks.take()).to.deep.equal([{ kind: 'clock-lost', neighbour: metta }]);
    });

    it('[PE23] accepts any line in place of a heartbeat', () => {
      const wire = connect();
      const { listener } = transport.last;
      for (const line of ['BEAT 1', kiwiFrom('Metta'), 'CAUGHT-UP', 'DIGEST AAAA', 'UNKNOWN Bryant:1', 'BEAT 9']) {
        clock.advance(4_000);
        listener.lines(wire, [line]);
      }
      expect(wire.state).to.equal('open');
      clock.advance(6_000);
      expect(wire.state).to.equal('closed');
    });

    it('[PE23] restarts the heartbeat timeout after a reconnect', () => {
      const old = connect();
      clock.advance(5_000);
      transport.last.listener.closed(old, 'ECONNRESET');
      clock.advance(50);
      const wire = connect();
      clock.advance(5_999);
      expect(wire.state).to.equal('open');
    });

    it('[PE23] does not count lines of an old channel as heartbeats', () => {
      const old = transport.last;
      connect();
      old.listener.closed(old.wire, 'ECONNRESET');
      clock.advance(50);
      const wire = connect();
      for (let beats = 0; beats < 3; beats += 1) {
        clock.advance(2_000);
        old.listener.lines(old.wire, ['BEAT 1']);
      }
      expect(wire.state).to.equal('closed');
    });

    it('[PE14] sends a digest at intervals', () => {
      const wire = connect();
      const { listener } = transport.last;
      // With a chance of a half, the pace is the average.
      for (let seconds = 0; seconds < 29; seconds += 1) {
        clock.advance(1_000);
        listener.lines(wire, ['BEAT 1']);
      }
      expect(store.take()).to.deep.equal([]);
      clock.advance(1_000);
      expect(store.take()).to.deep.equal([{ kind: 'digest-requested', neighbour: metta, isNewLink: false }]);
    });

    it('[PE24] sends requests and responses of the lookup', () => {
      const wire = connect();
      const { listener } = transport.last;
      const line = { kind: 'SEEK', id: 'Bryant:1', hops: 16, client: kiwi.client } as const;
      send({ kind: 'send-line', line });
      send({ kind: 'send-line', line: { kind: 'UNKNOWN', id: 'Metta:2' } });
      expect(wire.take()).to.deep.equal(['SEEK Bryant:1 16 kiwi', 'UNKNOWN Metta:2']);
      listener.lines(wire, ['UNKNOWN Bryant:1', 'SEEK Metta:3 15 kiwi']);
      expect(clientLookup.take()).to.deep.equal([{ kind: 'peer-unknown', from: metta, id: 'Bryant:1' }]);
      const lookupLine = { kind: 'SEEK', id: 'Metta:3', hops: 15, client: 'kiwi' };
      expect(store.take()).to.deep.equal([{ kind: 'lookup-requested', from: metta, lookup: lookupLine }]);
    });

    it('[PE24] responds as unknown at once for a disconnected neighbour', () => {
      const line = { kind: 'SEEK', id: 'Bryant:1', hops: 16, client: kiwi.client } as const;
      const { wire, listener } = transport.last;
      listener.opened(wire);
      wire.take();
      send({ kind: 'send-line', line });
      send({ kind: 'send-line', line: { kind: 'UNKNOWN', id: 'Metta:2' } });
      expect(clientLookup.take()).to.deep.equal([{ kind: 'peer-unknown', from: metta, id: 'Bryant:1' }]);
      expect(wire.sent).to.deep.equal([]);
    });

    it('[PE15] sends no digest to a neighbour that is disconnected', () => {
      const { wire, listener } = transport.last;
      listener.opened(wire);
      wire.take();
      send({ kind: 'digest', partitionHashes: 'AAAA', horizon: undefined });
      send({ kind: 'digest-compared', differingPartitions: [{ partition: 1, leafHashes: 'AAAA' }] });
      expect(wire.sent).to.deep.equal([]);
    });

    it('stops: closes its channel and cancels its timers', () => {
      const wire = connect();
      link.stop();
      expect(wire.state).to.equal('closed');
      transport.last.listener.closed(wire, 'closed locally');
      clock.advance(60_000);
      expect(transport.calls).to.have.lengthOf(1);
      expect(clock.armedTimerCount).to.equal(0);
    });

    it('fails when its machine throws, and then closes its channel', () => {
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
      send({ kind: 'peer-accepted', channel: late });
      link.stop();
      expect(late.state).to.equal('closed');
    });
  });

  describe('[PE20] to a neighbour that it dials, in a herd with a secret', () => {
    const welcome = 'HELLO 3 twitter Metta Bryant nonce-of-metta';
    const proofOfBryant = 'PROOF s3cret(herd,peer,caller,3,twitter,Bryant,Metta,nonce1,nonce-of-metta)';
    const proofOfMetta = 'PROOF s3cret(herd,peer,called,3,twitter,Bryant,Metta,nonce1,nonce-of-metta)';

    beforeEach(() => begin(metta, new FakeSecrets(['s3cret'])));

    it('proves that it knows the secret, and is connected when the neighbour has proved it', () => {
      const { wire, listener } = transport.last;
      listener.opened(wire);
      expect(wire.take()).to.deep.equal(['HELLO 3 twitter Bryant Metta nonce1']);
      listener.lines(wire, [welcome]);
      expect(wire.take()).to.deep.equal([proofOfBryant]);
      expect(states()).to.deep.equal(['connecting']);
      expect(store.received).to.deep.equal([]);
      listener.lines(wire, [proofOfMetta, kiwiFrom('Metta')]);
      expect(states()).to.deep.equal(['catching-up']);
      expect(store.received.map(({ kind }) => kind)).to.deep.equal(['digest-requested', 'learned']);
    });

    for (const [name, lines, reason] of [
      [
        'has none',
        ['HELLO 3 twitter Metta Bryant'],
        'Bryant requires the herd secret and Metta has none: set HERD_SECRET for Metta',
      ],
      [
        'has another',
        [welcome, 'PROOF x'],
        'Metta does not have a secret that is valid for Bryant: HERD_SECRET differs',
      ],
      [
        'sends the proof back',
        [welcome, proofOfBryant],
        'Metta does not have a secret that is valid for Bryant: HERD_SECRET differs',
      ],
      ['proves before it greets', [proofOfMetta], notInTurn],
      ['tells before it proves', [welcome, kiwiFrom('Metta')], notInTurn],
    ] as const) {
      it(`[PE8] disconnects a neighbour that ${name}`, () => {
        const { wire, listener } = transport.last;
        listener.opened(wire);
        states();
        listener.lines(wire, [...lines, proofOfMetta, kiwiFrom('Metta')]);
        expect(wire.state).to.equal('closed');
        expect(states()).to.deep.equal([`backoff: ${reason}`]);
        expect(store.received).to.deep.equal([]);
      });
    }

    it('limits the whole handshake to five seconds', () => {
      const { wire, listener } = transport.last;
      listener.opened(wire);
      clock.advance(4_000);
      listener.lines(wire, [welcome]);
      clock.advance(999);
      expect(wire.state).to.equal('open');
      clock.advance(1);
      expect(wire.state).to.equal('closed');
    });

    it('logs no proof', () => {
      const lineEvents = collectEvents(bus, 'lines');
      const { wire, listener } = transport.last;
      listener.opened(wire);
      listener.lines(wire, [welcome, proofOfMetta]);
      expect(lineEvents.flatMap(({ lines }) => lines).filter((line) => line.startsWith('PROOF'))).to.deep.equal([
        'PROOF ...',
        'PROOF ...',
      ]);
    });

    it('begins with another nonce each time', () => {
      const first = transport.last;
      first.listener.opened(first.wire);
      first.listener.closed(first.wire, 'ECONNRESET');
      clock.advance(50);
      const { wire, listener } = transport.last;
      listener.opened(wire);
      expect(wire.sent).to.deep.equal(['HELLO 3 twitter Bryant Metta nonce2']);
    });
  });

  describe('[PE28] to a neighbour that is stopping', () => {
    const send = (message: LinkMessage) => bus.send(addresses.link(metta), message);

    function connect(): FakePeerWire {
      begin(metta, new FakeSecrets(['s3cret']));
      const { wire, listener } = transport.last;
      listener.opened(wire);
      const proof = 'PROOF s3cret(herd,peer,called,3,twitter,Bryant,Metta,nonce1,of-metta)';
      listener.lines(wire, ['HELLO 3 twitter Metta Bryant of-metta', proof, 'CAUGHT-UP']);
      wire.take();
      states();
      return wire;
    }

    it('knows why the link is down, and keeps dialling without reporting errors', () => {
      const wire = connect();
      transport.last.listener.lines(wire, ['GOODBYE', kiwiFrom('Metta')]);
      expect(wire.state, 'it is heard until it is gone').to.equal('open');
      expect(store.take().at(-1)).to.include({ kind: 'learned' });
      transport.last.listener.closed(wire, 'the remote end closed');
      clock.advance(50);
      transport.last.listener.closed(transport.last.wire, 'ECONNREFUSED');
      expect(linkEvents.map(({ state, expected }) => [state, expected])).to.deep.equal([
        ['backoff', true],
        ['connecting', true],
        ['backoff', true],
      ]);
      expect(states()).to.deep.equal(['backoff: Metta was stopped', 'connecting', 'backoff: Metta was stopped']);
    });

    it('ends the planned shutdown as soon as a server answers, whatever it sends', () => {
      const wire = connect();
      transport.last.listener.lines(wire, ['GOODBYE']);
      transport.last.listener.closed(wire, 'the remote end closed');
      clock.advance(50);
      const again = transport.last;
      again.listener.opened(again.wire);
      states();
      again.listener.lines(again.wire, ['REFUSED Bryant is too loud']);
      expect(linkEvents[0]).to.not.have.property('expected');
      expect(states()).to.deep.equal(['backoff: refused: Bryant is too loud']);
    });

    it('publishes failures that a planned shutdown does not explain', () => {
      const wire = connect();
      transport.last.listener.lines(wire, ['GOODBYE']);
      transport.last.listener.closed(wire, 'the remote end closed');
      clock.advance(50);
      states();
      transport.last.listener.closed(transport.last.wire, 'CERT_HAS_EXPIRED');
      expect(linkEvents[0]).to.not.have.property('expected');
      expect(states()).to.deep.equal(['backoff: CERT_HAS_EXPIRED']);
    });

    it('publishes protocol violations of the neighbour after GOODBYE', () => {
      const wire = connect();
      transport.last.listener.lines(wire, ['GOODBYE', kiwiFrom('Howard')]);
      expect(states()).to.deep.equal(['backoff: the neighbour forwarded a location in the name of another server']);
    });

    it('does not assume a planned shutdown without GOODBYE', () => {
      const wire = connect();
      transport.last.listener.closed(wire, 'ECONNRESET');
      expect(linkEvents[0]).to.not.have.property('expected');
      expect(states()).to.deep.equal(['backoff: ECONNRESET']);
    });

    it('sends GOODBYE when its own server stops', () => {
      const wire = connect();
      send({ kind: 'send-goodbye' });
      expect(wire.take()).to.deep.equal(['GOODBYE']);
    });
  });

  describe('[PE29] to a neighbour that it dials and that announces itself', () => {
    beforeEach(() => begin(metta));

    /** The acceptor hands over a call on which Metta has shown who it is. */
    function announce(): FakePeerWire {
      const wire = new FakePeerWire('192.0.2.7:40000');
      bus.send(addresses.link(metta), { kind: 'peer-accepted', channel: wire });
      return wire;
    }

    function greet(): FakePeerWire {
      const { wire, listener } = transport.last;
      listener.opened(wire);
      listener.lines(wire, ['HELLO 3 twitter Metta Bryant', 'CAUGHT-UP']);
      return wire;
    }

    it('dials at once, without the rest of the backoff, and uses only the channel that it dialled', () => {
      transport.last.listener.closed(transport.last.wire, 'ECONNREFUSED');
      states();
      expect(announce().state).to.equal('closed');
      expect(transport.calls).to.have.lengthOf(2);
      expect(states()).to.deep.equal(['connecting']);
      greet();
      expect(states()).to.deep.equal(['catching-up', 'live']);
      clock.advance(3_600);
      expect(transport.calls, 'the backoff is over').to.have.lengthOf(2);
    });

    it('dials again if its connection is not accepted yet', () => {
      const first = transport.last;
      announce();
      expect(first.wire.state).to.equal('closed');
      expect(transport.calls).to.have.lengthOf(2);
    });

    it('continues with a connection that was accepted already', () => {
      const { wire, listener } = transport.last;
      listener.opened(wire);
      expect(announce().state).to.equal('closed');
      expect(wire.state).to.equal('open');
      expect(transport.calls).to.have.lengthOf(1);
    });

    it('keeps a channel that may be newer than the announcement, and closes one that cannot be', () => {
      const wire = greet();
      clock.advance(5_000);
      announce();
      expect(wire.state).to.equal('open');
      clock.advance(1);
      announce();
      expect(wire.state).to.equal('closed');
      expect(transport.calls).to.have.lengthOf(2);
    });
  });

  describe('[PE29] to a neighbour that dials, when its server listens', () => {
    const announce = () => bus.send(addresses.link(blake), { kind: 'announce' });

    it('dials once, and closes the channel when the handshake is complete', () => {
      begin(blake, new FakeSecrets(['s3cret']));
      announce();
      const { wire, listener } = transport.last;
      listener.opened(wire);
      expect(wire.take()).to.deep.equal(['HELLO 3 twitter Bryant Blake nonce1']);
      listener.lines(wire, ['HELLO 3 twitter Blake Bryant of-blake']);
      expect(wire.take().join()).to.match(/^PROOF /);
      expect(wire.state).to.equal('open');
      listener.lines(wire, ['PROOF s3cret(herd,peer,called,3,twitter,Bryant,Blake,nonce1,of-blake)']);
      expect(wire.state).to.equal('closed');
      listener.closed(wire, 'closed locally');
      clock.advance(60_000);
      expect(states()).to.deep.equal(['connecting']);
      expect(transport.calls).to.have.lengthOf(1);
    });

    it('does not dial again if that fails: the neighbour dials', () => {
      begin(blake);
      announce();
      transport.last.listener.closed(transport.last.wire, 'ECONNREFUSED');
      clock.advance(60_000);
      expect(transport.calls).to.have.lengthOf(1);
      expect(states()).to.deep.equal(['connecting']);
    });

    it("closes its own connection in favour of the neighbour's, and makes none while it is connected", () => {
      begin(blake);
      announce();
      const own = transport.last.wire;
      bus.send(addresses.link(blake), { kind: 'peer-accepted', channel: new FakePeerWire('192.0.2.7:40000') });
      expect(own.state).to.equal('closed');
      expect(states()).to.deep.equal(['connecting', 'catching-up']);
      announce();
      expect(transport.calls).to.have.lengthOf(1);
    });

    it('makes none to a neighbour that it dials', () => {
      begin(metta);
      announce();
      expect(transport.calls, 'its own').to.have.lengthOf(1);
    });
  });

  describe('to a neighbour that dials', () => {
    beforeEach(() => begin(blake));

    /** The acceptor hands over a wire on which Blake has said who it is. */
    function call(): { wire: FakePeerWire; mailbox: ChannelReporter } {
      const wire = new FakePeerWire('192.0.2.7:40000');
      const mailbox = new ChannelReporter((message) => bus.send(addresses.link(blake), message));
      bus.send(addresses.link(blake), { kind: 'peer-accepted', channel: wire });
      return { wire, mailbox };
    }

    it('never dials, and compares digests with a neighbour that the acceptor handed over', () => {
      clock.advance(60_000);
      expect(transport.calls).to.deep.equal([]);
      const { wire } = call();
      expect(wire.sent).to.deep.equal(['BEAT 1700000060.000000000']);
      expect(store.received).to.deep.equal([{ kind: 'digest-requested', neighbour: blake, isNewLink: true }]);
      expect(states()).to.deep.equal(['connecting', 'catching-up']);
    });

    it('waits for the next connection when the channel is lost', () => {
      const { wire, mailbox } = call();
      states();
      mailbox.closed(wire, 'ECONNRESET');
      expect(states()).to.deep.equal(['connecting: ECONNRESET']);
      clock.advance(60_000);
      expect(transport.calls).to.deep.equal([]);
      call();
      expect(states()).to.deep.equal(['catching-up']);
    });

    it('[PE18] replaces the old channel when the neighbour connects again, and ignores its lines', () => {
      const old = call();
      old.mailbox.lines(old.wire, ['CAUGHT-UP']);
      states();
      store.take();
      const { wire, mailbox } = call();
      expect(old.wire.state).to.equal('closed');
      expect(states()).to.deep.equal(['catching-up']);
      expect(store.take()).to.deep.equal([{ kind: 'digest-requested', neighbour: blake, isNewLink: true }]);
      old.mailbox.lines(old.wire, [kiwiFrom('Blake'), 'CAUGHT-UP', 'nonsense']);
      old.mailbox.closed(old.wire, 'the remote end closed');
      expect(states()).to.deep.equal([]);
      expect(store.received).to.deep.equal([]);
      mailbox.lines(wire, [kiwiFrom('Blake'), 'CAUGHT-UP']);
      expect(states()).to.deep.equal(['live']);
      expect(store.received).to.have.lengthOf(1);
    });

    it('logs every line with the name of the neighbour, and hashes abbreviated', () => {
      const lineEvents = collectEvents(bus, 'lines');
      const { wire, mailbox } = call();
      mailbox.lines(wire, ['CAUGHT-UP', `DIGEST ${'A'.repeat(2_731)}`]);
      bus.send(addresses.link(blake), { kind: 'digest-compared', differingPartitions: [] });
      const noted = lineEvents.flatMap(({ direction, party, remoteAddress, lines }) =>
        lines.map((line) => `${direction} ${party} ${remoteAddress} ${line}`),
      );
      expect(noted).to.deep.equal([
        'out peer Blake BEAT 1700000000.000000000',
        'in peer Blake CAUGHT-UP',
        `in peer Blake DIGEST ${'A'.repeat(17)}...`,
        'out peer Blake COMPARED',
      ]);
    });
  });
});
