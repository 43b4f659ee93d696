import { expect } from 'chai';
import fc from 'fast-check';

import { Lines, textEndOf } from '../../../src/protocol/text/lines.js';
import { WordBuffer } from '../../../src/protocol/text/word-buffer.js';
import { byteStrings } from '../../support/arbitraries.js';

const texts = fc.array(byteStrings({ maxLength: 12 }).map((text) => text.replaceAll('\n', '').replace(/\r+$/, '')));

describe('Lines', () => {
  it('decodes the lines that it was made of', () => {
    fc.assert(
      fc.property(texts, (lines) => {
        const made = Lines.of(...lines);
        expect([...made]).to.deep.equal(lines);
        expect(made.length).to.equal(lines.length);
      }),
    );
  });

  it('decodes a range of a buffer, whatever stands around it, with and without CR', () => {
    fc.assert(
      fc.property(texts, fc.array(fc.boolean()), fc.nat(5), (lines, areCrLf, offset) => {
        const text = lines.map((line, index) => `${line}${areCrLf[index] === true ? '\r\n' : '\n'}`).join('');
        const buffer = WordBuffer.of(`${'x'.repeat(offset)}${text}rest\n`);
        const range = new Lines(buffer, offset, offset + text.length);
        expect([...range]).to.deep.equal(lines);
        expect(range.length, 'counted').to.equal(lines.length);
        const starts: number[] = [];
        for (let { start } = range; start < range.end; start = range.startAfter(start)) starts.push(start);
        expect(starts.map((start, index) => buffer.text(start, start + (lines[index] ?? '').length))).to.deep.equal(
          lines,
        );
        expect(starts).to.have.lengthOf(lines.length);
      }),
    );
  });

  it('joins lines that follow in the same buffer, and no others', () => {
    const buffer = WordBuffer.of('one\ntwo\nsix\n');
    const one = new Lines(buffer, 0, 4);
    const joined = one.joinedWith(new Lines(buffer, 4, 8));
    expect([joined?.length, [...(joined ?? [])]]).to.deep.equal([2, ['one', 'two']]);
    expect(one.joinedWith(new Lines(buffer, 8, 12)), 'elsewhere').to.equal(undefined);
    expect(one.joinedWith(new Lines(WordBuffer.of('one\ntwo\n'), 4, 8)), 'in another buffer').to.equal(undefined);
  });

  it('does not count lines whose number is known', () => {
    expect(new Lines(WordBuffer.of('a\nb\n'), 0, 4, 7).length).to.equal(7);
  });

  it('tells where the line behind each one begins', () => {
    const buffer = WordBuffer.of('..one\r\n\ntwo\n');
    expect([...new Lines(buffer, 2, buffer.size).entries()]).to.deep.equal([
      ['one', 7],
      ['', 8],
      ['two', 12],
    ]);
  });
});

describe('textEndOf', () => {
  it('excludes one CR in front of LF, and none in front of the line', () => {
    const buffer = WordBuffer.of('\r\na\r\r\nb\n');
    expect(
      [
        [0, 1],
        [1, 1],
        [2, 5],
        [6, 7],
      ].map(([start = 0, lineEnd = 0]) => textEndOf(buffer, start, lineEnd)),
    ).to.deep.equal([0, 1, 4, 7]);
  });
});
