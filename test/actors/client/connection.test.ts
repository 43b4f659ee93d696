import { expect } from 'chai';
import fc from 'fast-check';
import { Connection } from '../../../src/actors/client/connection.js';
import { defaultLimits, type Limits } from '../../../src/actors/ports/limits.js';
import { addresses } from '../../../src/actors/addresses.js';
import type { ConnectionMessage } from '../../../src/actors/client/messages.js';
import type { ServerMessage } from '../../../src/actors/server/messages.js';
import type { StoreMessage } from '../../../src/actors/store/messages.js';
import type { UpstreamMessage } from '../../../src/actors/upstream/messages.js';
import { SharedLimits } from '../../../src/actors/client/shared-limits.js';
import type { MessageBus } from '../../../src/runtime/bus/message-bus.js';
import { FakeActor } from '../../support/fake-actor.js';
import { collectEvents, collectFailures, strictBus } from '../../support/fake-bus.js';
import { FakeClientChannel } from '../../support/fake-client-channel.js';
import { createLocation, toServerId } from '../../support/fake-location.js';
import { fakeUpstream } from '../../support/fake-upstream.js';
import { VirtualClock } from '../../../src/simulation/time/virtual-clock.js';
import { sendInput } from '../../support/client-input.js';
import { sessionSettings } from '../../support/session-settings.js';

const self = addresses.connection(1);
const receivedAt = { seconds: 1_353_118_104, nanoseconds: 0 };
const tooMuchBacklog = 256 * 1024 + 1;

describe('Connection', () => {
  let bus: MessageBus;
  let clock: VirtualClock;
  let wire: FakeClientChannel;
  let shared: SharedLimits;
  let store: FakeActor<StoreMessage>;
  let upstream: FakeActor<UpstreamMessage>;
  let server: FakeActor<ServerMessage>;
  let connection: Connection;
  /** Work that is due at the end of the turn. */
  const endOfTurn: { flush(): void }[] = [];

  function begin(limits: Partial<Limits> = {}): void {
    bus = strictBus();
    clock = new VirtualClock();
    wire = new FakeClientChannel();
    store = new FakeActor();
    upstream = new FakeActor();
    server = new FakeActor();
    bus.attach(addresses.store, store);
    bus.attach(addresses.upstream, upstream);
    bus.attach(addresses.server, server);
    const bounds = { ...defaultLimits, ...limits };
    shared = new SharedLimits(bounds, clock);
    const settings = sessionSettings(
      bus,
      { server: toServerId('Blake'), limits: bounds, upstream: fakeUpstream, shared },
      { schedule: (work) => endOfTurn.push(work) },
    );
    connection = new Connection(bus, clock, settings, 1, wire);
    bus.attach(self, connection);
  }
  beforeEach(() => begin());

  function deliver(message: ConnectionMessage): void {
    bus.send(self, message);
    for (const work of endOfTurn.splice(0)) work.flush();
  }

  function sendLine(text: string): void {
    sendInput(bus, self, text, receivedAt);
    for (const work of endOfTurn.splice(0)) work.flush();
  }

  /** The questions that the store was asked since this was last asked. */
  function requested(): number[] {
    return store.take().flatMap((message) => (message.kind === 'whereis' ? [message.requestId] : []));
  }

  /** Answers a question to the store: nobody knows the client. */
  function answer(requestId: number): void {
    deliver({ kind: 'located', requestId, location: undefined });
  }

  const questions = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, index) => `WHATSAT phone${from + index} 10 1\n`).join('');
  const unknown = (from: number, to: number) => questions(from, to).replaceAll('WHATSAT', '? WHATSAT');

  it('answers whole lines, however they are split into chunks', () => {
    for (const byte of 'IAMAT kiwi +34.0-118.0 1353118103\r\nhello\n') sendLine(byte);
    expect(wire.written).to.equal('AT Blake +1.000000000 kiwi +34.0-118.0 1353118103\n? hello\n');
  });

  it('[FR3][FR4] treats a CR at the end of the stream as part of the last line', () => {
    sendLine('one\r\ntwo\r');
    deliver({ kind: 'ended', receivedAt });
    expect(wire.written).to.equal('? one\n? two\r\n');
  });

  it('[WH6] writes the AT line and the JSON line at once', () => {
    const writes: string[] = [];
    wire.write = (text) => writes.push(text);
    sendLine('WHATSAT kiwi 10 1\n');
    deliver({ kind: 'located', requestId: requested()[0] ?? 0, location: createLocation('kiwi', 1) });
    expect(upstream.received).to.have.lengthOf(1);
    deliver({ kind: 'nearby-response', requestId: 1, json: '{"results":[]}' });
    expect(writes).to.deep.equal(['AT Blake +0.100000000 kiwi +34.068930-118.445127 1\n{"results":[]}\n']);
  });

  it('logs every line of both directions, without line ends', () => {
    const sent = collectEvents(bus, 'lines');
    sendLine('one\ntwo\n');
    expect(
      sent.map(({ direction, party, remoteAddress, lines }) => [direction, party, remoteAddress, ...lines]),
    ).to.deep.equal([
      ['in', 'client', '192.0.2.1:40000', 'one', 'two'],
      ['out', 'client', '192.0.2.1:40000', '? one', '? two'],
    ]);
  });

  it('logs every line once and in order, also when it is handled later than it was received', () => {
    begin({ maxCommandsPerSecond: 2 });
    const events = collectEvents(bus, 'lines');
    const received = [
      'hello',
      'one',
      ...Array.from({ length: 6 }, (_, at) => `IAMAT kiwi +1+1 ${at + 1}`),
      'two',
      'three',
    ];
    sendLine(received.map((line) => `${line}\n`).join(''));
    clock.advance(60_000);
    const linesOf = (direction: string) =>
      events.flatMap((event) => (event.direction === direction ? event.lines : []));
    expect(linesOf('in')).to.deep.equal(received);
    expect(
      linesOf('out')
        .map((line) => `${line}\n`)
        .join(''),
    ).to.equal(wire.written);
    expect(wire.written.split('\n')).to.have.lengthOf(received.length + 1);
  });

  it('sends reports that came together to the store together, and before any query', () => {
    const receivedLines: string[] = [];
    bus.attach(addresses.store, {
      receive: (message) => {
        if (message.kind === 'report') receivedLines.push([...message.batch].map(({ time }) => time).join(' '));
        else receivedLines.push(message.kind);
      },
      stop: () => undefined,
    });
    sendLine('IAMAT kiwi +1+1 1\nIAMAT kiwi +1+1 2\nWHATSAT kiwi 1 1\nIAMAT kiwi +1+1 3\nIAMAT kiwi +1+1 4\n');
    expect(receivedLines).to.deep.equal(['1 2', 'whereis', '3 4']);
  });

  describe('[CO4] with a client that does not read its responses', () => {
    it('stops reading at 64 pending responses, and continues as they complete', () => {
      sendLine(questions(0, 100));
      expect(requested()).to.have.lengthOf(64);
      expect(wire.reading).to.equal('paused');
      answer(2);
      expect(requested(), 'the first still holds back the others').to.deep.equal([]);
      answer(1);
      expect(requested()).to.deep.equal([65, 66]);
      expect(wire.reading).to.equal('paused');
      for (let question = 3; question <= 100; question += 1) answer(question);
      expect(wire.reading).to.equal('flowing');
      expect(wire.written).to.equal(unknown(0, 100));
    });

    it('stops reading while the output buffer is full, and continues when it is drained', () => {
      wire.bufferedBytes = tooMuchBacklog;
      sendLine('one\ntwo\n');
      sendLine('three\n');
      expect(wire.written).to.equal('');
      expect(wire.reading).to.equal('paused');
      wire.bufferedBytes = 0;
      deliver({ kind: 'drained' });
      expect(wire.written).to.equal('? one\n? two\n? three\n');
      expect(wire.reading).to.equal('flowing');
    });

    it('[CO4] disconnects a client that reads nothing at all for the write timeout', () => {
      begin({ writeTimeoutMs: 60_000 });
      wire.bufferedBytes = tooMuchBacklog;
      sendLine('one\n');
      clock.advance(59_999);
      expect(server.take()).to.deep.equal([]);
      clock.advance(1);
      const reason = 'read nothing for 60 s while its output buffer was full';
      expect(server.take()).to.deep.equal([{ kind: 'connection-closed', connection: 1, reason }]);
    });

    it('[CO4] keeps a client that reads slowly, and one that had read everything before', () => {
      begin({ writeTimeoutMs: 60_000 });
      wire.bufferedBytes = tooMuchBacklog + 1;
      sendLine('one\n');
      wire.bufferedBytes -= 1;
      clock.advance(60_000);
      wire.bufferedBytes = 0;
      deliver({ kind: 'drained' });
      clock.advance(60_000);
      wire.bufferedBytes = tooMuchBacklog;
      sendLine('two\n');
      clock.advance(59_999);
      expect(server.take()).to.deep.equal([]);
    });

    it('applies configured limits', () => {
      begin({ maxPendingResponses: 2, maxOutputBufferBytes: 5_000 });
      sendLine(questions(0, 5));
      expect(requested()).to.have.lengthOf(2);
      begin({ maxOutputBufferBytes: 5_000 });
      wire.bufferedBytes = 5_000;
      sendLine('one\n');
      expect(wire.written).to.equal('? one\n');
      wire.bufferedBytes = 5_001;
      sendLine('two\n');
      expect(wire.reading).to.equal('paused');
    });

    it('still answers everything after the client has closed its side', () => {
      wire.bufferedBytes = tooMuchBacklog;
      sendLine('one\ntwo');
      deliver({ kind: 'ended', receivedAt });
      expect(wire.state).to.equal('open');
      wire.bufferedBytes = 0;
      deliver({ kind: 'drained' });
      expect(wire.written).to.equal('? one\n? two\n');
      expect(wire.state).to.equal('ended');
    });

    it('still answers everything received when the server drains', () => {
      wire.bufferedBytes = tooMuchBacklog;
      sendLine('one\n');
      deliver({ kind: 'drain' });
      expect(wire.state).to.equal('open');
      wire.bufferedBytes = 0;
      deliver({ kind: 'drained' });
      expect(wire.written).to.equal('? one\n');
      expect(wire.state).to.equal('ended');
    });
  });

  it('[CO1] loses and reorders nothing, whatever the order of queries, drains and bytes', () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ lines: fc.nat(40) }) },
      { weight: 3, arbitrary: fc.record({ answers: fc.nat(40), pick: fc.nat() }) },
      { weight: 1, arbitrary: fc.record({ bufferedBytes: fc.constantFrom(0, 1_000, tooMuchBacklog) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.boolean(), (steps, halfClose) => {
        begin();
        const open: number[] = [];
        let sent = 0;
        let expected = '';
        const answerAt = (pick: number) => {
          const [question] = open.splice(pick % open.length, 1);
          if (question !== undefined) answer(question);
        };
        for (const step of steps) {
          if ('lines' in step) {
            for (let line = 0; line < step.lines; line += 1) {
              sent += 1;
              const text = sent % 3 === 0 ? `hello ${sent}` : `WHATSAT phone${sent} 1 1`;
              expected += `? ${text}\n`;
              sendLine(`${text}\n`);
            }
          } else if ('answers' in step) {
            for (let count = 0; count < step.answers && open.length > 0; count += 1) answerAt(step.pick);
          } else {
            wire.bufferedBytes = step.bufferedBytes;
            if (step.bufferedBytes === 0) deliver({ kind: 'drained' });
          }
          open.push(...requested());
          expect(open.length).to.be.at.most(64);
        }
        wire.bufferedBytes = 0;
        deliver({ kind: 'drained' });
        if (halfClose) deliver({ kind: 'ended', receivedAt });
        const goOn = () => {
          // What was too much for one turn of the scheduler goes on in the next.
          clock.advance(0);
          open.push(...requested());
        };
        goOn();
        while (open.length > 0) {
          answerAt(0);
          goOn();
        }
        expect(wire.written).to.equal(expected);
        expect(wire.reading).to.equal('flowing');
        expect(wire.state).to.equal(halfClose ? 'ended' : 'open');
      }),
      { numRuns: 50 },
    );
  });

  describe('[CO4] with queries whose responses are large', () => {
    const largeQueries = (from: number, to: number) => questions(from, to).replaceAll(' 10 1', ' 10 100');
    const json = 'x'.repeat(75_000);

    it('starts no more than fit the output buffer, estimated from the number of results and earlier responses', () => {
      wire.write = (text) => (wire.bufferedBytes += text.length);
      sendLine(largeQueries(1, 65));
      let inFlight = requested();
      expect(inFlight).to.have.lengthOf(3);
      expect(wire.reading).to.equal('paused');
      while (inFlight.length > 0) {
        for (const requestId of inFlight) {
          deliver({ kind: 'located', requestId, location: createLocation('kiwi', 1) });
          deliver({ kind: 'nearby-response', requestId, json });
        }
        inFlight = requested();
        expect(wire.bufferedBytes).to.be.at.most(256 * 1024 + json.length);
      }
      expect(wire.bufferedBytes, 'it has not taken anything').to.be.greaterThan(3 * json.length);
      wire.bufferedBytes = 0;
      deliver({ kind: 'drained' });
      expect(requested()).to.have.lengthOf(4);
    });

    it('starts as many as usual again after small responses', () => {
      sendLine(largeQueries(1, 200));
      for (let round = 0; round < 8; round += 1) {
        for (const requestId of requested()) {
          deliver({ kind: 'located', requestId, location: createLocation('kiwi', 1) });
          deliver({ kind: 'nearby-response', requestId, json: '{}' });
        }
      }
      expect(wire.written.split('{}\n').length).to.be.greaterThan(64);
    });
  });

  describe('with output buffers of all clients', () => {
    const left = () =>
      server.take().map((message) => (message.kind === 'connection-closed' ? message.reason : message.kind));

    it('[CO4] is closed when it holds the most bytes beyond the total limit, and counted', () => {
      begin({ maxTotalOutputBufferBytes: 100_000 });
      const evicted = collectEvents(bus, 'connection-evicted');
      const other = shared.outputBudget.open({ drop: () => expect.fail('it holds less') }, '192.0.2.99');
      other.set(40_000);
      wire.bufferedBytes = 60_000;
      sendLine('hello\n');
      expect(left()).to.deep.equal([]);
      wire.bufferedBytes = 60_001;
      sendLine('hello\n');
      expect(left()).to.deep.equal(['output buffers of all clients exceed 100000 bytes, and this one holds 60001']);
      sendLine('hello\n');
      expect(left(), 'once').to.deep.equal([]);
      expect(evicted).to.have.lengthOf(1);
    });

    it('[CO4] counts queued responses and unhandled commands, and nothing after it stops', () => {
      sendLine(`WHATSAT kiwi 1 1\n${'x'.repeat(3_000)}\n${'y'.repeat(3_000)}\n`);
      expect(shared.outputBudget.bytes).to.equal(6_004);
      wire.bufferedBytes = tooMuchBacklog;
      sendLine('z\n\n\n');
      expect(shared.outputBudget.bytes).to.equal(6_004 + 4 + tooMuchBacklog);
      connection.stop();
      expect(shared.outputBudget.bytes).to.equal(0);
    });

    it('does not account for output buffered only within a turn', () => {
      wire.bufferedBytes = 4_095;
      sendLine('hello\n');
      expect(shared.outputBudget.bytes).to.equal(0);
    });
  });

  describe('[CO10] with more queries of all clients than the limit', () => {
    beforeEach(() => begin({ maxPendingQueries: 2 }));

    it('delays the next query and the commands behind it until a slot is free', () => {
      sendLine(`${questions(1, 4)}hello\n`);
      expect(requested()).to.deep.equal([1, 2]);
      expect(wire.reading).to.equal('paused');
      answer(1);
      expect(requested()).to.deep.equal([3]);
      answer(3);
      answer(2);
      expect(wire.written).to.equal(`${unknown(1, 4)}? hello\n`);
      expect(wire.reading).to.equal('flowing');
    });

    it('[CO5] answers waiting queries before a drained server stops', () => {
      sendLine(`${questions(1, 4)}hello\n`);
      deliver({ kind: 'drain' });
      for (const question of [1, 2, 3]) answer(question);
      expect(wire.written).to.equal(`${unknown(1, 4)}? hello\n`);
      expect(wire.state).to.equal('ended');
    });

    it('releases its slots when it stops', () => {
      const begun: string[] = [];
      sendLine(questions(1, 4));
      shared.querySlots.acquire(() => begun.push('next'));
      shared.querySlots.acquire(() => begun.push('last'));
      connection.stop();
      expect(begun).to.deep.equal(['next', 'last']);
    });
  });

  describe('[CO11] with a client that sends many commands at once', () => {
    const lines = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, index) => `${from + index}\n`).join('');
    const count = () => wire.take().split('\n').length - 1;

    it('handles some of them, and continues after the turns of others', () => {
      sendLine(lines(0, 3_000));
      expect(count()).to.equal(1_024);
      expect(wire.reading).to.equal('paused');
      clock.advance(0);
      expect(count()).to.equal(1_976);
      expect(wire.reading).to.equal('flowing');
    });

    it('handles fewer at a time while others wait', () => {
      const others = Array.from({ length: 9 }, () => ({ resume: () => shared.scheduler.spend(256) }));
      for (const other of others) shared.scheduler.enqueue(other);
      sendLine(lines(0, 1_000));
      expect(count()).to.equal(256);
      clock.advance(0);
      expect(count()).to.be.at.least(256);
    });

    it('counts a query as several commands', () => {
      shared.scheduler.enqueue({ resume: () => undefined });
      sendLine(questions(0, 60));
      expect(requested()).to.have.lengthOf(256 / 8);
    });

    it('[CO5] answers all of them before a drained server stops', () => {
      sendLine(lines(0, 3_000));
      deliver({ kind: 'drain' });
      clock.advance(0);
      clock.advance(0);
      expect(count()).to.equal(3_000);
      expect(wire.state).to.equal('ended');
    });
  });

  describe('[IN5] with a client that speaks HTTP', () => {
    const report = 'IAMAT kiwi +1+1 1\n';
    const reports = () => store.take().filter(({ kind }) => kind === 'report').length;

    for (const start of [
      'POST / HTTP/1.1',
      'GET /a%20b?c HTTP/1.0',
      'OPTIONS * HTTP/1.1',
      'propfind http://x/ HTTP/1.1',
      'CONNECT a:1 HTTP/1.1',
    ]) {
      it(`answers ${start} as an invalid line, closes, and takes nothing behind it`, () => {
        sendLine(`hello\n${start}\r\nHost: x\r\n\r\n${report}`);
        sendLine(report);
        expect(wire.written).to.equal(`? hello\n? ${start}\n`);
        expect(wire.state).to.equal('ended');
        expect(reports()).to.equal(0);
        deliver({ kind: 'closed', reason: 'the client closed' });
        const reason = 'spoke HTTP at the client port';
        expect(server.take()).to.deep.equal([{ kind: 'connection-closed', connection: 1, reason }]);
      });
    }

    it('takes nothing behind a request line that is too long to be seen whole', () => {
      sendLine(`POST /${'a'.repeat(5_000)} HTTP/1.1\r\n${report}`);
      expect(wire.state).to.equal('ended');
      expect(reports()).to.equal(0);
    });

    it('completes earlier responses first', () => {
      sendLine('WHATSAT kiwi 1 1\nGET / HTTP/1.1\n');
      expect(wire.state).to.equal('open');
      answer(1);
      expect(wire.written).to.equal('? WHATSAT kiwi 1 1\n? GET / HTTP/1.1\n');
      expect(wire.state).to.equal('ended');
    });

    it('handles other lines as commands', () => {
      for (const line of ['HTTP/1.1 200 OK', 'GET / HTTP/2', 'hello HTTP', 'x'.repeat(5_000)]) sendLine(`${line}\n`);
      sendLine(report);
      expect(wire.state).to.equal('open');
      expect(reports()).to.equal(1);
    });
  });

  describe('[CO7] with a client that exceeds the rate limit', () => {
    beforeEach(() => begin({ maxCommandsPerSecond: 10 }));

    const lines = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, index) => `hello ${from + index}\n`).join('');
    const answersTo = (from: number, to: number) => lines(from, to).replaceAll('hello', '? hello');

    it('handles a burst of one second, then each command at the rate limit, in order and without loss', () => {
      sendLine(lines(0, 25));
      expect(wire.take()).to.equal(answersTo(0, 10));
      expect(wire.reading).to.equal('paused');
      clock.advance(99);
      expect(wire.take()).to.equal('');
      clock.advance(1);
      expect(wire.take()).to.equal(answersTo(10, 11));
      clock.advance(1_400);
      expect(wire.take()).to.equal(answersTo(11, 25));
      expect(wire.reading).to.equal('flowing');
      expect(clock.armedTimerCount, 'nothing but the watch for idle clients').to.equal(1);
    });

    it('handles lines that waited although their bytes were published, and may have been overwritten, before', () => {
      sendLine(lines(0, 10));
      sendLine('hel');
      sendLine('lo 10\n');
      sendLine(lines(11, 14));
      clock.advance(400);
      expect(wire.take()).to.equal(answersTo(0, 14));
    });

    it('is not accelerated by more bytes, responses or drains', () => {
      sendLine(`${lines(0, 9)}WHATSAT kiwi 1 1\n${lines(10, 20)}`);
      wire.take();
      for (let hurry = 0; hurry < 5; hurry += 1) {
        sendLine(lines(20 + hurry, 21 + hurry));
        deliver({ kind: 'drained' });
      }
      answer(requested()[0] ?? 0);
      expect(wire.take()).to.equal('? WHATSAT kiwi 1 1\n');
      clock.advance(100);
      expect(wire.take()).to.equal(answersTo(10, 11));
      clock.advance(1_400);
      expect(wire.take()).to.equal(answersTo(11, 25));
    });

    it('allows another burst after a pause', () => {
      sendLine(lines(0, 10));
      clock.advance(1_000);
      sendLine(lines(10, 20));
      expect(wire.take()).to.equal(answersTo(0, 20));
      expect(wire.reading).to.equal('flowing');
    });

    it('[CO3] answers all commands of a client that closes its sending side, and then ends', () => {
      sendLine(lines(0, 14));
      sendLine('last');
      deliver({ kind: 'ended', receivedAt });
      expect(wire.state).to.equal('open');
      clock.advance(400);
      expect(wire.state).to.equal('open');
      clock.advance(100);
      expect(wire.written).to.equal(`${answersTo(0, 14)}? last\n`);
      expect(wire.state).to.equal('ended');
    });

    it('leaves no timer behind when it stops', () => {
      sendLine(lines(0, 25));
      connection.stop();
      expect(clock.armedTimerCount).to.equal(0);
      clock.advance(10_000);
      expect(wire.written).to.equal(answersTo(0, 10));
    });

    it('loses nothing and keeps the order and the rate limit for any sequence of events', () => {
      const step = fc.oneof(fc.record({ lines: fc.nat(30) }), fc.record({ waitMs: fc.nat(1_500) }));
      fc.assert(
        fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
          begin({ maxCommandsPerSecond: 10 });
          let sent = 0;
          for (const step of steps) {
            if ('waitMs' in step) clock.advance(step.waitMs);
            else if (step.lines > 0) sendLine(lines(sent, (sent += step.lines)));
            const answered = wire.written.split('\n').length - 1;
            expect(answered).to.be.at.most(10 + clock.monotonicMs() / 100 + 1e-6);
          }
          clock.advance(sent * 110);
          expect(wire.written).to.equal(answersTo(0, sent));
        }),
        { numRuns: 50 },
      );
    });
  });

  describe('[CO8] with an idle client', () => {
    const left = () =>
      server.take().map((message) => (message.kind === 'connection-closed' ? message.reason : message.kind));

    beforeEach(() => begin({ idleTimeoutMs: 60_000 }));

    it('requests that the server close it', () => {
      clock.advance(59_999);
      expect(left()).to.deep.equal([]);
      clock.advance(1);
      expect(left()).to.deep.equal(['idle for 60 s']);
    });

    it('restarts the timeout with each byte, even of an incomplete line', () => {
      for (const byte of 'hello') {
        clock.advance(59_000);
        sendLine(byte);
      }
      clock.advance(59_999);
      expect(left()).to.deep.equal([]);
      clock.advance(1);
      expect(left()).to.deep.equal(['idle for 60 s']);
    });

    it('restarts the timeout when a silent client reads buffered output', () => {
      clock.advance(59_000);
      deliver({ kind: 'drained' });
      clock.advance(59_999);
      expect(left()).to.deep.equal([]);
      clock.advance(1);
      expect(left()).to.deep.equal(['idle for 60 s']);
    });

    it('leaves no timer behind when it stops', () => {
      connection.stop();
      expect(clock.armedTimerCount).to.equal(0);
    });
  });

  it('[CO3] answers a client that has closed its sending side, including a last line without a line end, and then ends', () => {
    sendLine('WHATSAT kiwi 10 1');
    deliver({ kind: 'ended', receivedAt });
    expect(wire.state).to.equal('open');
    answer(1);
    expect(wire.written).to.equal('? WHATSAT kiwi 10 1\n');
    expect(wire.state).to.equal('ended');
  });

  it('ends at once when a client without pending commands closes its sending side', () => {
    deliver({ kind: 'ended', receivedAt });
    expect(wire.state).to.equal('ended');
  });

  it('[CO5] completes pending responses when the server drains, accepts no more commands, and ends', () => {
    sendLine('WHATSAT kiwi 10 1\nhal');
    deliver({ kind: 'drain' });
    sendLine('f a line\nIAMAT kiwi +34.0-118.0 1353118103\n');
    expect(wire.written).to.equal('');
    answer(1);
    expect(wire.written).to.equal('? WHATSAT kiwi 10 1\n');
    expect(wire.state).to.equal('ended');
    expect(store.received.map(({ kind }) => kind)).to.deep.equal(['whereis']);
  });

  it('[CO6] reports a closed channel to the server, and ignores later responses', () => {
    const failures = collectFailures(bus);
    sendLine('WHATSAT kiwi 10 1\nIAMAT kiwi +34.0-118.0 1353118103\n');
    deliver({ kind: 'closed', reason: 'ECONNRESET' });
    expect(server.received).to.deep.equal([{ kind: 'connection-closed', connection: 1, reason: 'ECONNRESET' }]);
    connection.stop();
    expect(wire.state).to.equal('destroyed');
    answer(1);
    deliver({ kind: 'nearby-response', requestId: 1, json: '{}' });
    deliver({ kind: 'request-failed', requestId: 99 });
    expect(failures).to.deep.equal([]);
    expect(store.received.map(({ kind }) => kind)).to.deep.equal(['whereis', 'report']);
  });

  it('fails, for its supervisor to act, when its machine breaks', () => {
    const failures = collectFailures(bus);
    wire.pause = () => {
      throw new Error('the socket is gone');
    };
    wire.bufferedBytes = tooMuchBacklog;
    sendLine('one\n');
    expect(failures.map(({ address, error }) => [address, (error as Error).message])).to.deep.equal([
      ['connection/1', 'the socket is gone'],
    ]);
  });
});
