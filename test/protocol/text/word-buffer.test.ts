import { expect } from 'chai';
import fc from 'fast-check';

import { copyWords, equalBytes, findLineEnd, WordBuffer } from '../../../src/protocol/text/word-buffer.js';
import { allBytes, byteStrings } from '../../support/arbitraries.js';

const offsets = fc.nat(7);

describe('WordBuffer', () => {
  it('holds all bytes of a text, and writes at an offset', () => {
    const text = allBytes.join('');
    expect(WordBuffer.of(text).text(0, 256)).to.equal(text);
    const buffer = new WordBuffer(5);
    expect(buffer.write('abc', 2)).to.equal(5);
    expect(buffer.text(2, 5)).to.equal('abc');
  });

  it('can be read as words up to its last byte', () => {
    for (let size = 0; size < 9; size += 1) {
      const { view } = new WordBuffer(size);
      expect(() => view.getInt32(Math.max(0, size - 1))).to.not.throw();
    }
  });
});

describe('copyWords', () => {
  it('copies a range, and no more than three bytes behind it', () => {
    fc.assert(
      fc.property(byteStrings({ maxLength: 20 }), offsets, offsets, (text, from, to) => {
        const source = WordBuffer.of(`${'x'.repeat(from)}${text}yyyyyy`);
        const target = new WordBuffer(to + text.length + 8);
        target.bytes.fill('.');
        copyWords(source.view, from, from + text.length, target.view, to);
        expect(target.text(0, to)).to.equal('.'.repeat(to));
        expect(target.text(to, to + text.length)).to.equal(text);
        expect(target.text(to + text.length + 3, target.size)).to.equal('.....');
      }),
    );
  });

  it('copies to the end of a buffer', () => {
    const source = WordBuffer.of('abcde');
    const target = new WordBuffer(6);
    copyWords(source.view, 0, 5, target.view, 1);
    expect(target.text(1, 6)).to.equal('abcde');
  });
});

describe('equalBytes', () => {
  it('compares ranges, not what is around them', () => {
    fc.assert(
      fc.property(byteStrings({ maxLength: 20 }), offsets, offsets, (text, from, to) => {
        const one = WordBuffer.of(`${'a'.repeat(from)}${text}b`);
        const other = WordBuffer.of(`${'c'.repeat(to)}${text}d`);
        expect(equalBytes(one.view, from, other.view, to, text.length)).to.equal(true);
        for (let index = 0; index < text.length; index += 1) {
          other.bytes[to + index] = (other.bytes[to + index] ?? 0) ^ 0x80;
          expect(equalBytes(one.view, from, other.view, to, text.length), `byte ${index}`).to.equal(false);
          other.bytes[to + index] = (other.bytes[to + index] ?? 0) ^ 0x80;
        }
      }),
    );
  });
});

describe('findLineEnd', () => {
  it('finds the first LF of a range, as indexOf does', () => {
    const bytes = fc.string({ unit: fc.constantFrom('\n', '\x0b', '\x8a', '\0', 'a', '\x09', '\xff'), maxLength: 20 });
    fc.assert(
      fc.property(bytes, offsets, offsets, (text, start, less) => {
        const buffer = WordBuffer.of(`${text}\n\n\n\n`);
        const end = Math.max(start, text.length - less);
        const at = text.slice(0, end).indexOf('\n', start);
        expect(findLineEnd(buffer.view, start, Math.min(end, text.length))).to.equal(start > text.length ? -1 : at);
      }),
      { numRuns: 2_000 },
    );
  });
});
