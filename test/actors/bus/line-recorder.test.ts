import { expect } from 'chai';

import { LineRecorder } from '../../../src/actors/bus/line-recorder.js';
import { Lines } from '../../../src/protocol/text/lines.js';
import { WordBuffer } from '../../../src/protocol/text/word-buffer.js';
import { collectEvents, strictBus } from '../../support/fake-bus.js';

describe('LineRecorder', () => {
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
