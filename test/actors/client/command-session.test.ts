import { expect } from 'chai';
import fc from 'fast-check';
import type { Actor, Address, Bus } from '../../../src/actors/bus/bus.js';
import { CommandSession } from '../../../src/actors/client/command-session.js';
import { defaultLimits } from '../../../src/actors/ports/limits.js';
import { addresses } from '../../../src/actors/addresses.js';
import type { ConnectionMessage } from '../../../src/actors/client/messages.js';
import type { LookupMessage } from '../../../src/actors/replication/messages.js';
import type { StoreMessage } from '../../../src/actors/store/messages.js';
import type { UpstreamMessage } from '../../../src/actors/upstream/messages.js';
import { SharedLimits } from '../../../src/actors/client/shared-limits.js';
import type { ByteString } from '../../../src/protocol/text/bytes.js';
import { asClientId, type ClientId } from '../../../src/protocol/place/ids.js';
import { LineFramer, OverlongLine, type Frame } from '../../../src/protocol/text/line-framer.js';
import { type Location } from '../../../src/protocol/place/location.js';
import { caughtUpLine, comparedLine, formatPeerAt, formatPeerLine } from '../../../src/protocol/peer/peer-line.js';
import type { Instant } from '../../../src/protocol/place/time.js';
import type { NearbyQuery } from '../../../src/protocol/upstream/upstream.js';
import { VirtualClock } from '../../../src/simulation/time/virtual-clock.js';
import {
  chunkedStreams,
  parseInstant,
  invalidUtf8,
  lines,
  locationFromFields,
  notWhiteSpace,
} from '../../support/arbitraries.js';
import { FakeActor } from '../../support/fake-actor.js';
import { strictBus } from '../../support/fake-bus.js';
import { toServerId } from '../../support/fake-location.js';
import { FakeClientLookup } from '../../support/fake-client-lookup.js';
import { fakeUpstream } from '../../support/fake-upstream.js';
import { sessionSettings } from '../../support/session-settings.js';
import { sendInput } from '../../support/client-input.js';

const gasol = toServerId('Gasol');
const json = '{"results":[]}';
const maxLineBytes = 128;
const now = '1400000000.5';

/** Keeps the last location of each client, and responds at once. Forwards requests for unknown clients, as the store does. */
class FakeStore implements Actor<StoreMessage> {
  readonly known = new Map<ClientId, Location>();
  readonly reports: Location[] = [];

  constructor(private readonly bus: Bus) {}

  know(known: Location): void {
    this.known.set(known.client, known);
  }

  receive(message: StoreMessage): void {
    if (message.kind === 'report') {
      for (const location of message.batch) {
        this.reports.push(location);
        this.know(location);
      }
    }
    if (message.kind === 'whereis') {
      const { replyTo, requestId, client } = message;
      const location = this.known.get(client);
      if (location === undefined) this.bus.send(addresses.lookup, { ...message, kind: 'lookup' });
      else this.bus.send(replyTo, { kind: 'located', requestId, location });
    }
  }

  stop(): void {
    this.known.clear();
  }
}

/** One client's conversation, at an address of its own. */
class Client implements Actor<ConnectionMessage> {
  /** What was written, each write for itself. */
  readonly writes: ByteString[] = [];
  readonly address: Address<ConnectionMessage>;
  private readonly framer = new LineFramer(maxLineBytes);
  private readonly session: CommandSession;

  constructor(
    private readonly server: FakeServer,
    connection: number,
  ) {
    this.address = addresses.connection(connection);
    const shared = new SharedLimits(defaultLimits, new VirtualClock());
    const settings = { server: gasol, limits: defaultLimits, upstream: fakeUpstream, shared };
    this.session = new CommandSession(server.bus, sessionSettings(server.bus, settings), {
      self: this.address,
      remoteHost: '192.0.2.1',
      writeResponse: (line, secondLine) =>
        this.writes.push(secondLine === undefined ? `${line}\n` : `${line}\n${secondLine}\n`),
    });
    server.bus.attach(this.address, this);
  }

  write(chunk: ByteString | Buffer, receivedAt = now): void {
    const text = typeof chunk === 'string' ? chunk : chunk.toString('latin1');
    sendInput(this.server.bus, this.address, text, parseInstant(receivedAt));
  }

  ends(): void {
    this.server.bus.send(this.address, { kind: 'ended', receivedAt: parseInstant(now) });
  }

  /** What was written since this was last asked. */
  takeOutput(): ByteString {
    return this.writes.splice(0).join('');
  }

  get waiting(): number {
    return this.session.pendingResponseCount;
  }

  receive(message: ConnectionMessage): void {
    if (message.kind === 'bytes') {
      const { buffer, start, end, receivedAt } = message;
      this.handle(this.framer.pushText(buffer.text(start, end)), receivedAt);
    }
    if (message.kind === 'ended') this.handle(this.framer.end(), message.receivedAt);
    if (message.kind === 'located') this.session.handleLocated(message.requestId, message.location);
    if (message.kind === 'nearby-response') this.session.handleNearby(message.requestId, message.json);
    if (message.kind === 'request-failed') this.session.handleFailed(message.requestId);
  }

  stop(): void {
    this.writes.length = 0;
  }

  private handle(frames: readonly Frame[], receivedAt: Instant): void {
    for (const frame of frames) this.session.handle(frame, receivedAt);
  }
}

/** The actors that a conversation talks with: a store that is quick, and an upstream that answers when the test says so. */
class FakeServer {
  readonly bus = strictBus();
  readonly store = new FakeStore(this.bus);
  readonly clientLookup = new FakeClientLookup(this.bus);
  private readonly upstream = new FakeActor<UpstreamMessage>();
  private clients = 0;

  constructor() {
    this.bus.attach(addresses.store, this.store);
    this.bus.attach(addresses.lookup, this.clientLookup);
    this.bus.attach(addresses.upstream, this.upstream);
  }

  client(): Client {
    return new Client(this, (this.clients += 1));
  }

  get upstreamQueries(): NearbyQuery[] {
    return this.upstream.received.flatMap((message) => (message.kind === 'nearby' ? [message.query] : []));
  }

  /** Answers the upstream's questions, the one at the given place only, or all. */
  upstreamAnswers(place?: number, answer = json): void {
    for (const { replyTo, requestId } of this.questions(place)) {
      this.bus.send(replyTo, { kind: 'nearby-response', requestId, json: answer });
    }
  }

  upstreamBreaksDown(place?: number): void {
    for (const { replyTo, requestId } of this.questions(place)) {
      this.bus.send(replyTo, { kind: 'request-failed', requestId });
    }
  }

  /** Has every question answered at once from now on. */
  answerAtOnce(): void {
    const { bus } = this;
    bus.attach(addresses.upstream, {
      receive: (message: UpstreamMessage) => {
        if (message.kind !== 'nearby') return;
        const { replyTo, requestId } = message;
        bus.send(replyTo, { kind: 'nearby-response', requestId, json });
      },
      stop: () => undefined,
    });
  }

  private questions(place?: number): Extract<UpstreamMessage, { kind: 'nearby' }>[] {
    const taken = place === undefined ? this.upstream.take() : this.upstream.received.splice(place, 1);
    return taken.filter((message) => message.kind === 'nearby');
  }
}

describe('CommandSession', () => {
  let server: FakeServer;
  let client: Client;
  const kiwi = locationFromFields({ client: 'kiwi', server: 'Blake', skew: '+0.563873386' });

  beforeEach(() => {
    server = new FakeServer();
    client = server.client();
  });

  describe('IAMAT', () => {
    it('[IA1] [IA3] is answered with the AT line of the server that received it', () => {
      client.write('IAMAT kiwi.cs.ucla.edu +27.5916+086.5640 1400000000.25\n');
      expect(client.writes).to.deep.equal(['AT Gasol +0.250000000 kiwi.cs.ucla.edu +27.5916+086.5640 1400000000.25\n']);
      expect(server.store.reports.map(({ line }) => line)).to.deep.equal([client.takeOutput().trimEnd()]);
    });

    it('[IA2] [CM5] echoes its fields to the byte, with one space between them and LF behind', () => {
      for (const id of [...notWhiteSpace, ...invalidUtf8, '?', '__proto__']) {
        client.write(`\t IAMAT\v${id}  +7+8\f\r01400000000.50000000001\r\n`);
        expect(client.takeOutput()).to.equal(`AT Gasol +0.000000000 ${id} +7+8 01400000000.50000000001\n`);
      }
    });

    it('[IA4] is answered as usual if it is older than the stored location', () => {
      client.write('IAMAT kiwi +1+2 1400000000\nIAMAT kiwi +3+4 1300000000\n');
      expect(client.takeOutput()).to.equal(
        'AT Gasol +0.500000000 kiwi +1+2 1400000000\nAT Gasol +100000000.500000000 kiwi +3+4 1300000000\n',
      );
    });

    it('[TM7] is invalid where its time is more than a day ahead of the server, and changes nothing', () => {
      const outputs = ['1400086401.6', '1400086402', '253402300799', '9'.repeat(15)].map(
        (time) => `IAMAT kiwi +1+2 ${time}`,
      );
      for (const line of outputs) client.write(`${line}\n`);
      expect(client.writes).to.deep.equal(outputs.map((line) => `? ${line}\n`));
      expect(server.store.reports).to.deep.equal([]);
      client.write('IAMAT kiwi +1+2 1400086400\n');
      expect(server.store.reports.map(({ time }) => time)).to.deep.equal(['1400086400']);
    });

    it('[IA6] is accepted from any connection', () => {
      const other = server.client();
      client.write('IAMAT kiwi +1+2 1400000000\n');
      other.write('IAMAT kiwi +3+4 1400000001\n');
      expect(other.takeOutput()).to.equal('AT Gasol -0.500000000 kiwi +3+4 1400000001\n');
      expect(server.store.known.get(asClientId('kiwi'))).to.include({ position: '+3+4' });
    });

    it('[TM5] has the skew of when it came in, however long it waits for its turn', () => {
      server.store.know(kiwi);
      client.write('WHATSAT kiwi 1 2\nIAMAT a +1+2 1400000000\n', '1400000000.25');
      client.write('IAMAT b +1+2 1400000000\n', '1400000009');
      server.upstreamAnswers();
      const answers = client.takeOutput().split('\n');
      expect(answers[2]).to.equal('AT Gasol +0.250000000 a +1+2 1400000000');
      expect(answers[3]).to.equal('AT Gasol +9.000000000 b +1+2 1400000000');
    });
  });

  describe('WHATSAT', () => {
    it('[WH1] is answered with the AT line as its first server wrote it, and the JSON', () => {
      server.store.know(kiwi);
      client.write('WHATSAT kiwi 10 3\n');
      server.upstreamAnswers();
      expect(client.takeOutput()).to.equal(`${kiwi.line}\n${json}\n`);
      expect(kiwi.line).to.match(/^AT Blake \+0\.563873386 kiwi /);
    });

    it('[WH6] is answered in one write', () => {
      server.store.know(kiwi);
      client.write('WHATSAT kiwi 10 3\n');
      expect(client.writes).to.deep.equal([]);
      server.upstreamAnswers();
      expect(client.writes).to.deep.equal([`${kiwi.line}\n${json}\n`]);
    });

    it('[PO4] queries with the digits of the position, the radius and the count', () => {
      server.store.know(locationFromFields({ client: 'kiwi', position: '+34.0689300000000000001-118.4451270' }));
      client.write('WHATSAT kiwi 99999.5 3\n');
      const position = { latitude: '34.0689300000000000001', longitude: '-118.4451270' };
      expect(server.upstreamQueries).to.deep.equal([{ ...position, radiusKm: 99_999.5, count: 3 }]);
    });

    it('[WH5] is invalid for an unknown client', () => {
      client.write('\tWHATSAT  nobody 10 3 \r\n');
      expect(client.writes).to.deep.equal(['? \tWHATSAT  nobody 10 3 \n']);
      expect(server.clientLookup.requested).to.deep.equal(['nobody']);
      expect(server.upstreamQueries).to.deep.equal([]);
    });

    it('[CM4] [WH5] compares client IDs by all their bytes', () => {
      server.store.know(kiwi);
      const others = ['Kiwi', 'KIWI', 'kiwi\0', 'kiw', 'kiwi\xC2\xA0', '\xEF\xBB\xBFkiwi'].map(
        (id) => `WHATSAT ${id} 1 2`,
      );
      for (const line of others) client.write(`${line}\n`);
      expect(client.writes).to.deep.equal(others.map((line) => `? ${line}\n`));
    });

    it('[WH5] is invalid if radius or count exceed the limits', () => {
      server.store.know(kiwi);
      for (const line of ['WHATSAT kiwi 1 101', 'WHATSAT  kiwi -1 2', 'WHATSAT kiwi 1e3 2', 'WHATSAT kiwi 1 2.0\r']) {
        client.write(`${line}\r\n`);
        expect(client.takeOutput()).to.equal(`? ${line}\n`);
      }
      expect(server.upstreamQueries).to.deep.equal([]);
    });

    it('[WH10] is looked up in the herd if the store does not know the client, and answered with what is found', () => {
      server.clientLookup.locations.set(kiwi.client, kiwi);
      client.write('WHATSAT kiwi 10 3\nx\n');
      expect(server.clientLookup.requested).to.deep.equal(['kiwi']);
      expect(server.upstreamQueries).to.have.length(1);
      expect(client.takeOutput()).to.equal('');
      server.upstreamAnswers();
      expect(client.takeOutput()).to.equal(`${kiwi.line}\n${json}\n? x\n`);
    });

    it('[WH10] causes no lookup if the store knows the client', () => {
      server.store.know(kiwi);
      client.write('WHATSAT kiwi 10 3\n');
      expect(server.clientLookup.requested).to.deep.equal([]);
    });

    it('[WH10] is invalid if the lookup fails', () => {
      server.bus.attach(addresses.lookup, {
        receive: (message: LookupMessage) => {
          if (message.kind !== 'lookup') return;
          server.bus.send(message.replyTo, { kind: 'request-failed', requestId: message.requestId });
        },
        stop: () => undefined,
      });
      client.write('WHATSAT kiwi 10 3\n');
      expect(client.writes).to.deep.equal(['? WHATSAT kiwi 10 3\n']);
    });

    it('[WH8] uses the location known when the command was received', () => {
      server.store.know(kiwi);
      client.write('WHATSAT kiwi 10 3\n');
      client.write('IAMAT kiwi +1+2 1400000000\n');
      server.upstreamAnswers();
      expect(client.writes[0]).to.equal(`${kiwi.line}\n${json}\n`);
      expect(client.writes[1]).to.match(/^AT Gasol /);
    });

    it('[WH9] sees the reports before it on its connection', () => {
      client.write('IAMAT kiwi +1+2 1400000000\nWHATSAT kiwi 10 3\nIAMAT kiwi +3+4 1400000001\nWHATSAT kiwi 10 3\n');
      server.upstreamAnswers();
      const first = 'AT Gasol +0.500000000 kiwi +1+2 1400000000\n';
      const second = 'AT Gasol -0.500000000 kiwi +3+4 1400000001\n';
      expect(client.takeOutput()).to.equal(`${first}${first}${json}\n${second}${second}${json}\n`);
    });

    it('[UP9] is answered with an error if the upstream actor fails', () => {
      server.store.know(kiwi);
      client.write('WHATSAT kiwi 10 3\n');
      server.upstreamBreaksDown();
      expect(client.writes).to.deep.equal([`${kiwi.line}\n{"error":"internal error"}\n`]);
      expect(client.waiting).to.equal(0);
    });

    it('[UP9] is invalid if the store fails', () => {
      server.bus.attach(addresses.store, {
        receive: (message: StoreMessage) => {
          if (message.kind !== 'whereis') return;
          server.bus.send(message.replyTo, { kind: 'request-failed', requestId: message.requestId });
        },
        stop: () => undefined,
      });
      client.write(' WHATSAT kiwi 10 3\nx\n');
      expect(client.writes).to.deep.equal(['?  WHATSAT kiwi 10 3\n', '? x\n']);
    });

    it('[CM3] is answered once, whatever messages follow', () => {
      server.store.know(kiwi);
      client.write('WHATSAT kiwi 10 3\n');
      server.upstreamAnswers();
      client.takeOutput();
      for (const requestId of [1, 2, 99]) {
        server.bus.send(client.address, { kind: 'nearby-response', requestId, json });
        server.bus.send(client.address, { kind: 'request-failed', requestId });
        server.bus.send(client.address, { kind: 'located', requestId, location: kiwi });
      }
      expect(client.writes).to.deep.equal([]);
      expect(server.upstreamQueries).to.deep.equal([]);
    });
  });

  describe('an invalid line', () => {
    it('[IN1] is returned byte for byte', () => {
      const unusual = [...notWhiteSpace, ...invalidUtf8, ' a ', '\t', 'a\r', '\r\r', '\v\f', '? ?', 'IAMAT', '\0'];
      for (const line of unusual) {
        client.write(`${line}\r\n`);
        expect(client.takeOutput(), JSON.stringify(line)).to.equal(`? ${line}\n`);
      }
    });

    it('[IN2] may be empty', () => {
      client.write('\n\r\n \n');
      expect(client.writes).to.deep.equal(['? \n', '? \n', '?  \n']);
    });

    it('[IN3] includes lines that a server would send, which change nothing', () => {
      const metta = toServerId('Metta');
      const outputs = [
        kiwi.line,
        formatPeerAt(kiwi, metta),
        formatPeerLine({ kind: 'HELLO', version: '3', herd: 'twitter', from: metta, to: gasol, nonce: undefined }),
        formatPeerLine({ kind: 'PROOF', proofs: ['x'] }),
        formatPeerLine({ kind: 'REFUSED', reason: 'no' }),
        formatPeerLine({ kind: 'DIGEST', partitionHashes: 'AAAA', horizon: undefined }),
        formatPeerLine({ kind: 'SEEK', id: 'Metta:1', hops: 3, client: kiwi.client }),
        ...[comparedLine, caughtUpLine].map(formatPeerLine),
        formatPeerLine({ kind: 'BEAT', clock: { seconds: 1_700_000_000, nanoseconds: 5 } }),
      ];
      for (const line of outputs) client.write(`${line}\n`);
      expect(client.writes).to.deep.equal(outputs.map((line) => `? ${line}\n`));
      expect(server.store.reports).to.deep.equal([]);
    });

    it('[IN4] leaves the session as it was', () => {
      client.write('IAMAT kiwi +91+2 1400000000\nIAMAT kiwi +1+2 1400000000\nIAMAT kiwi +3+4 x\n');
      expect(server.store.reports).to.have.length(1);
      expect(client.writes).to.have.length(3);
      expect(client.waiting).to.equal(0);
    });

    it('[FR7] is an overlong line, answered before its end is received', () => {
      client.write('x'.repeat(maxLineBytes + 1));
      expect(client.takeOutput()).to.equal(`? ${'x'.repeat(maxLineBytes)}\n`);
      client.write(`${'x'.repeat(100_000)}\ny\n`);
      expect(client.takeOutput()).to.equal('? y\n');
    });
  });

  describe('order', () => {
    it('[CO1] [CO2] of responses is that of the commands, however slow a WHATSAT is', () => {
      server.store.know(kiwi);
      client.write('a\nWHATSAT kiwi 1 1\nb\nWHATSAT nobody 1 1\nWHATSAT kiwi 2 2\nc\n');
      expect(client.takeOutput()).to.equal('? a\n');
      expect(client.waiting).to.equal(5);
      server.upstreamAnswers(1, '{"second":0}');
      expect(client.takeOutput()).to.equal('');
      server.upstreamAnswers(0, '{"first":0}');
      const at = kiwi.line;
      expect(client.takeOutput()).to.equal(`${at}\n{"first":0}\n? b\n? WHATSAT nobody 1 1\n${at}\n{"second":0}\n? c\n`);
      expect(client.waiting).to.equal(0);
    });

    it('[CO2] does not delay other connections', () => {
      server.store.know(kiwi);
      const other = server.client();
      client.write('WHATSAT kiwi 1 1\na\n');
      other.write('WHATSAT kiwi 1 1\nb\n');
      server.upstreamAnswers(1);
      expect(other.takeOutput()).to.equal(`${kiwi.line}\n${json}\n? b\n`);
      expect(client.takeOutput()).to.equal('');
    });

    it('[CO1] is kept for any responses that complete in any order', () => {
      const command = fc.constantFrom(
        'WHATSAT kiwi 1 1',
        'WHATSAT nobody 1 1',
        'IAMAT a +1+2 5',
        'x',
        'WHATSAT kiwi 2 2',
      );
      fc.assert(
        fc.property(fc.array(command, { maxLength: 12 }), fc.infiniteStream(fc.nat()), (commands, places) => {
          const slow = new FakeServer();
          const quick = new FakeServer();
          const [held, free] = [slow, quick].map((each) => {
            each.store.know(kiwi);
            return each.client();
          }) as [Client, Client];
          quick.answerAtOnce();
          for (const line of commands) {
            held.write(`${line}\n`);
            free.write(`${line}\n`);
          }
          for (let left = slow.upstreamQueries.length; left > 0; left -= 1) {
            slow.upstreamAnswers((places.next().value ?? 0) % left);
          }
          expect(held.writes).to.deep.equal(free.writes);
          expect(held.writes).to.have.length(commands.length);
        }),
      );
    });
  });

  describe('any bytes', () => {
    const streams = fc
      .array(fc.tuple(lines, fc.constantFrom('\n', '\r\n')).map((parts) => parts.join('')))
      .chain((all) => lines.map((last) => all.join('') + last));

    function answersTo(chunks: readonly Buffer[]): readonly ByteString[] {
      const fresh = new FakeServer();
      fresh.answerAtOnce();
      const speaker = fresh.client();
      for (const chunk of chunks) speaker.write(chunk);
      speaker.ends();
      return speaker.writes;
    }

    it('[CM3] get one response per line', () => {
      fc.assert(
        fc.property(streams, (bytes) => {
          const framer = new LineFramer(maxLineBytes);
          const frames = [...framer.push(Buffer.from(bytes, 'latin1')), ...framer.end()];
          const answers = answersTo([Buffer.from(bytes, 'latin1')]);
          expect(answers).to.have.length(frames.length);
          answers.forEach((answer, at) => {
            const frame = frames[at];
            const line = frame instanceof OverlongLine ? frame.start : frame;
            expect(answer).to.satisfy(
              (text: string) => text === `? ${line}\n` || /^AT [^\n]+\n(\{.*\}\n)?$/.test(text),
            );
          });
        }),
      );
    });

    it('[FR5] get the same responses however they are split into chunks', () => {
      fc.assert(
        fc.property(chunkedStreams(streams), ({ bytes, chunks }) => {
          expect(answersTo(chunks)).to.deep.equal(answersTo([Buffer.from(bytes, 'latin1')]));
        }),
      );
    });
  });
});
