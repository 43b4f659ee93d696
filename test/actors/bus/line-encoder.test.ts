import { expect } from 'chai';
import { LineEncoder } from '../../../src/actors/bus/line-encoder.js';

describe('LineEncoder', () => {
  it('encodes one line or two', () => {
    const encoder = new LineEncoder({ run: 0 });
    const [one, two] = [encoder.encode('? kiw\xff'), encoder.encode('AT', '{}')];
    expect([one, two].map((lines) => [...lines])).to.deep.equal([['? kiw\xff'], ['AT', '{}']]);
    expect([one.length, two.length]).to.deep.equal([1, 2]);
    expect(one.buffer.text(one.start, two.end)).to.equal('? kiw\xff\nAT\n{}\n');
  });

  it('overwrites nothing within a run of deliveries, however much is encoded', () => {
    const encoder = new LineEncoder({ run: 0 });
    const texts = Array.from({ length: 200 }, (_, index) => `${index}${'x'.repeat(index * 40)}`);
    const encoded = texts.map((text) => encoder.encode(text, text));
    expect(encoded.map((lines) => [...lines])).to.deep.equal(texts.map((text) => [text, text]));
  });

  it('uses its buffer again in the next run, but not a large one', () => {
    const bus = { run: 0 };
    const encoder = new LineEncoder(bus);
    const small = encoder.encode('kiwi');
    bus.run += 1;
    const again = encoder.encode('emu');
    expect([again.buffer, again.start]).to.deep.equal([small.buffer, small.start]);
    const large = encoder.encode('x'.repeat(100_000));
    bus.run += 1;
    expect(encoder.encode('rhea').buffer).to.not.equal(large.buffer);
  });
});
