import { expect } from 'chai';
import { LineEncoder } from '../../../src/actors/bus/line-encoder.js';
import { LineRecorder } from '../../../src/actors/bus/line-recorder.js';
import { Lines } from '../../../src/protocol/text/lines.js';
import { WordBuffer } from '../../../src/protocol/text/word-buffer.js';
import { collectEvents, strictBus } from '../../support/fake-bus.js';

describe('LineRecorder', () => {
  it('publishes lines that follow each other in a buffer as one event, and all in order', () => {
    const bus = strictBus();
    const counts: number[] = [];
    bus.on('lines', ({ lines }) => counts.push(lines.length));
    const events = collectEvents(bus, 'lines');
    const recorder = new LineRecorder(bus, 'client', '192.0.2.1:1');
    const encoder = new LineEncoder(bus);
    for (const line of ['one', 'two']) recorder.recordSent(encoder.encode(line, '{}'));
    recorder.recordSent(Lines.of('elsewhere'));
    encoder.encode('of another client');
    recorder.recordSent(encoder.encode('three'));
    expect([recorder.hasSent, events.length]).to.deep.equal([true, 0]);
    recorder.flush();
    expect(events.map(({ lines }) => [...lines])).to.deep.equal([['one', '{}', 'two', '{}'], ['elsewhere'], ['three']]);
    expect(counts).to.deep.equal([4, 1, 1]);
    recorder.flush();
    expect([recorder.hasSent, events.length]).to.deep.equal([false, 3]);
  });

  it('publishes pushed lines together if they follow one another, and no line twice or out of order', () => {
    const bus = strictBus();
    const events = collectEvents(bus, 'lines');
    const recorder = new LineRecorder(bus, 'client', '192.0.2.1:40000');
    const buffer = WordBuffer.of('one\ntwo\n');
    recorder.recordPushed(new Lines(buffer, 0, 4));
    recorder.recordPushed(new Lines(buffer, 4, 8));
    recorder.recordPushed(Lines.of('six'));
    recorder.flush();
    recorder.flush();
    const published = events.map(({ lines, pushed }) => [[...lines], pushed]);
    expect(published).to.deep.equal([
      [['one', 'two'], true],
      [['six'], true],
    ]);
  });
});
