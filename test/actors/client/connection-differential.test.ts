import { expect } from 'chai';

import { addresses } from '../../../src/actors/addresses.js';
import { Connection } from '../../../src/actors/client/connection.js';
import { SharedLimits } from '../../../src/actors/client/shared-limits.js';
import { defaultLimits, type Limits } from '../../../src/actors/ports/limits.js';
import type { ServerMessage } from '../../../src/actors/server/messages.js';
import type { StoreMessage } from '../../../src/actors/store/messages.js';
import { IamatScanner } from '../../../src/protocol/client/scan-iamat.js';
import type { ByteString } from '../../../src/protocol/text/byte-string.js';
import { SeededRandom } from '../../../src/simulation/time/seeded-random.js';
import { VirtualClock } from '../../../src/simulation/time/virtual-clock.js';
import { sendInput } from '../../support/client-input.js';
import { FakeActor } from '../../support/fake-actor.js';
import { collectEvents, strictBus } from '../../support/fake-bus.js';
import { FakeClientChannel } from '../../support/fake-client-channel.js';
import { toServerId } from '../../support/fake-location.js';
import { fakeUpstream } from '../../support/fake-upstream.js';
import { LineGenerator } from '../../support/line-generator.js';
import { sessionSettings } from '../../support/session-settings.js';

const server = toServerId('Blake');
const receivedAt = { seconds: 1_700_000_000, nanoseconds: 563_873_386 };
const seed = process.env['HERD_DIFFERENTIAL_SEED'] ?? String(Date.now());
const usualLimits = { ...defaultLimits, maxLineBytes: 160, maxClientIdBytes: 40 };

/** Refuses all lines, so that each is handled as text. */
class RefusingScanner extends IamatScanner {
  override scan(): boolean {
    return false;
  }
}

/** What is seen of a connection from outside. */
interface Outcome {
  readonly written: ByteString;
  /** Reports and requests in the order in which the store received them. */
  readonly store: readonly string[];
  readonly linesIn: readonly ByteString[];
  readonly linesOut: readonly ByteString[];
  readonly closeReasons: readonly string[];
}

/** Sends chunks to a connection, which answers every query with an unknown client, and then ends it. */
function serve(chunks: readonly ByteString[], parser: 'bytes' | 'text', limits: Limits): Outcome {
  const bus = strictBus();
  const clock = new VirtualClock();
  const channel = new FakeClientChannel();
  const lines = collectEvents(bus, 'lines');
  const store: string[] = [];
  const serverActor = new FakeActor<ServerMessage>();
  bus.attach(addresses.server, serverActor);
  bus.attach(addresses.store, {
    receive: (message: StoreMessage) => {
      if (message.kind === 'report') for (const { line } of message.batch) store.push(line);
      else if (message.kind === 'whereis') {
        store.push(`whereis ${message.client}`);
        bus.send(message.replyTo, { kind: 'located', requestId: message.requestId, location: undefined });
      } else store.push(message.kind);
    },
    stop: () => undefined,
  });
  const settings = sessionSettings(bus, {
    server,
    limits,
    upstream: fakeUpstream,
    shared: new SharedLimits(limits, clock),
  });
  const scanner = parser === 'bytes' ? settings.scanner : new RefusingScanner(server, limits);
  const self = addresses.connection(1);
  const connection = new Connection(bus, clock, { ...settings, scanner }, 1, channel);
  bus.attach(self, connection);
  for (const chunk of chunks) sendInput(bus, self, chunk, receivedAt);
  bus.send(self, { kind: 'ended', receivedAt });
  // Time for commands that wait for the scheduler or the rate limit.
  clock.advance(60_000);
  connection.stop();
  const linesOf = (direction: 'in' | 'out') =>
    lines
      .filter((event) => event.direction === direction)
      // Of an overlong line that came in several chunks, the log has only the start.
      .flatMap((event) => event.lines.map((line) => line.slice(0, limits.maxLineBytes)));
  const closeReasons = serverActor
    .take()
    .map((message) => (message.kind === 'connection-closed' ? message.reason : message.kind));
  return { written: channel.written, store, linesIn: linesOf('in'), linesOut: linesOf('out'), closeReasons };
}

/** Generates the input of one client: reports and lines that resemble them, queries, other lines and line ends of every kind. */
function generateInput(number: number): { text: ByteString; random: SeededRandom } {
  const random = new SeededRandom(`${seed} ${number}`, 'chunks');
  const generator = new LineGenerator(`${seed} ${number}`, { receivedAt, ...usualLimits });
  const others = [
    'hello',
    '',
    '\r',
    'WHATSAT kiwi 10 1',
    'WHATSAT kiwi',
    'AT',
    `IAMAT ${'x'.repeat(200)}`,
    'y'.repeat(161),
  ];
  let text = '';
  for (let line = 0; line < 40; line += 1) {
    text += random.happens(0.85) ? generator.iamat() : random.pick(others);
    text += random.happens(0.1) ? '\r\n' : '\n';
  }
  return { text: random.happens(0.3) ? text.slice(0, -1 - random.below(20)) : text, random };
}

function splitRandomly(text: ByteString, random: SeededRandom): ByteString[] {
  const chunks: ByteString[] = [];
  for (let start = 0; start < text.length;) {
    const end = start + random.below(random.happens(0.5) ? 8 : 300);
    chunks.push(text.slice(start, end));
    start = end;
  }
  return chunks;
}

describe('a connection that scans bytes', () => {
  for (const [name, limits] of [
    ['usual limits', usualLimits],
    ['a rate limit', { ...usualLimits, maxCommandsPerSecond: 7 }],
  ] as const) {
    it(`[FR5] behaves like one that parses text, in any chunks, with ${name}`, () => {
      let reports = 0;
      for (let number = 0; number < 30; number += 1) {
        const { text, random } = generateInput(number);
        const expected = serve([text], 'text', limits);
        reports += expected.store.length;
        const inputs = { whole: [text], bytes: Array.from(text), random: splitRandomly(text, random) };
        for (const [chunking, chunks] of Object.entries(inputs)) {
          const replay = `${chunking}, HERD_DIFFERENTIAL_SEED=${seed}, input ${number}`;
          const actual = serve(chunks, 'bytes', limits);
          for (const [key, value] of Object.entries(expected)) {
            expect(actual[key as keyof Outcome], `${key}, ${replay}`).to.deep.equal(value);
          }
        }
      }
      expect(reports).to.be.above(150);
    });
  }
});
