import { expect } from 'chai';
import { address } from '../../../src/actors/bus/bus.js';
import { PeerAtScanner } from '../../../src/protocol/peer/scan-at.js';
import { LocationBatch } from '../../../src/protocol/place/location-batch.js';
import { Lines } from '../../../src/protocol/text/lines.js';
import { WordBuffer } from '../../../src/protocol/text/word-buffer.js';
import { BufferOverwriter } from '../../../src/runtime/bus/buffer-overwriter.js';
import { MessageBus } from '../../../src/runtime/bus/message-bus.js';
import { createLocation, toServerId } from '../../support/fake-location.js';

interface Message {
  readonly kind: string;
  readonly batch?: LocationBatch;
  readonly buffer?: WordBuffer;
  readonly start?: number;
  readonly end?: number;
}

const [at, otherAt] = [address<Message>('one'), address<Message>('other')];

const failListener = (error: unknown) => {
  throw error;
};

const textOf = ({ bytes }: WordBuffer) => bytes.toString('latin1');

const linesEvent = (lines: Lines) =>
  ({ kind: 'lines', direction: 'in', party: 'client', remoteAddress: '192.0.2.1:1', lines }) as const;

describe('BufferOverwriter', () => {
  const kiwi = createLocation('kiwi', 1);
  let bus: MessageBus;

  beforeEach(() => {
    bus = new MessageBus(failListener, new BufferOverwriter());
  });

  /** Sends a message; returns what its receiver read, and what the receiver of the last message of the run read. */
  function send<Read>(message: Message, read: () => Read): Read[] {
    const reads: Read[] = [];
    bus.attach(at, {
      receive: () => {
        reads.push(read());
        bus.send(otherAt, { kind: 'later' });
      },
      stop: () => undefined,
    });
    bus.attach(otherAt, { receive: () => reads.push(read()), stop: () => undefined });
    bus.send(at, message);
    return reads;
  }

  it('overwrites a batch that a receiver kept, when all messages of the run have been delivered', () => {
    const batch = LocationBatch.of([kiwi]);
    const buffer = batch.buffer;
    const { line } = kiwi;
    const read = () => [[...batch].map((location) => location.line), buffer.text(0, line.length)];
    expect(send({ kind: 'report', batch }, read)).to.deep.equal([
      [[line], line],
      [[line], line],
    ]);
    expect(read()).to.deep.equal([[], '?'.repeat(line.length)]);
  });

  it('overwrites the lines of a batch that borrowed a buffer, and nothing else in the buffer', () => {
    const [before, after] = ['BEAT 1.0\n', ' Bryant\nCAUGHT-UP\n'];
    const buffer = WordBuffer.of(`${before}${kiwi.line}${after}`);
    const batch = new LocationBatch().borrow(buffer);
    const end = before.length + kiwi.line.length;
    expect(new PeerAtScanner(toServerId('Bryant')).scan(before.length, end + ' Bryant'.length, batch)).to.equal(true);
    send({ kind: 'learned', batch }, () => batch.count);
    expect(textOf(buffer)).to.equal(`${before}${'?'.repeat(kiwi.line.length)}${after}`);
    expect(batch.count).to.equal(0);
  });

  it('overwrites the bytes of a chunk', () => {
    const buffer = WordBuffer.of('before IAMAT after');
    const read = () => textOf(buffer);
    const reads = send({ kind: 'bytes', buffer, start: 7, end: 12 }, read);
    expect(reads).to.deep.equal(['before IAMAT after', 'before IAMAT after']);
    expect(read()).to.equal('before ????? after');
  });

  it('overwrites the lines of an event at once, if no message is being delivered', () => {
    const lines = Lines.of('one', 'two');
    const heard: string[][] = [];
    bus.on('lines', (event) => heard.push([...event.lines]));
    bus.publish(linesEvent(lines));
    expect(heard).to.deep.equal([['one', 'two']]);
    expect(lines.buffer.text(lines.start, lines.end)).to.equal('????????');
  });

  it('overwrites the lines of an event after the run in which it was published', () => {
    const lines = Lines.of('one', 'two');
    const reads = send({ kind: 'go' }, () => {
      bus.publish(linesEvent(lines));
      return [...lines];
    });
    expect(reads).to.deep.equal([
      ['one', 'two'],
      ['one', 'two'],
    ]);
    expect(lines.buffer.text(lines.start, lines.end)).to.equal('????????');
  });

  it('overwrites a buffer only once, so that its owner may use it for the next message', () => {
    const batch = LocationBatch.of([kiwi]);
    send({ kind: 'report', batch }, () => undefined);
    batch.append(kiwi);
    bus.send(otherAt, { kind: 'empty' });
    expect([...batch]).to.deep.equal([kiwi]);
  });

  it('is left out by default', () => {
    bus = new MessageBus(failListener);
    const batch = LocationBatch.of([kiwi]);
    send({ kind: 'report', batch }, () => undefined);
    expect([...batch]).to.deep.equal([kiwi]);
  });
});
