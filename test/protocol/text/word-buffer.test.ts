import { expect } from 'chai';

import { copyWords, equalBytes, findLineEnd, WordBuffer } from '../../../src/protocol/text/word-buffer.js';
import { compareRanges } from '../../support/differential.js';

describe('WordBuffer', () => {
  it('has room for a word at its last byte', () => {
    const buffer = new WordBuffer(3);
    expect(buffer.bytes.length).to.equal(3);
    buffer.view.setInt32(2, 0x01020304, true);
    expect(buffer.bytes[2]).to.equal(4);
  });

  it('writes and decodes any bytes', () => {
    const buffer = new WordBuffer(8);
    expect(buffer.write('\0\xff\n', 2)).to.equal(5);
    expect(buffer.text(2, 5)).to.equal('\0\xff\n');
  });

  it('fills every range, and nothing else', () => {
    for (let start = 0; start < 9; start += 1) {
      for (let end = start; end < 20; end += 1) {
        const buffer = WordBuffer.of('.'.repeat(20));
        buffer.fill(0xe9, start, end);
        expect(buffer.text(0, 20)).to.equal('.'.repeat(start) + 'é'.repeat(end - start) + '.'.repeat(20 - end));
      }
    }
  });
});

describe('findLineEnd', () => {
  it('finds the first LF of every range', () => {
    compareRanges((text, start, end) => {
      const found = text.slice(start, end).indexOf('\n');
      expect(findLineEnd(WordBuffer.of(text).view, start, end)).to.equal(found < 0 ? -1 : start + found);
      expect(WordBuffer.of(text).findLineEnd(start, end)).to.equal(found < 0 ? -1 : start + found);
    });
  });

  it('finds the end of a long line', () => {
    for (let length = 250; length < 262; length += 1) {
      const buffer = WordBuffer.of(`\n${'x'.repeat(length)}\n\n`);
      expect(buffer.findLineEnd(1, length + 3), `${length}`).to.equal(length + 1);
      expect(buffer.findLineEnd(1, length + 1), `${length}, without its end`).to.equal(-1);
    }
  });
});

describe('copyWords', () => {
  it('copies every range to any place, and overwrites at most three bytes behind it', () => {
    compareRanges((text, start, end) => {
      const at = end % 5;
      const target = WordBuffer.of('x'.repeat(24));
      copyWords(WordBuffer.of(text).view, start, end, target.view, at);
      const copiedEnd = at + end - start;
      expect(target.text(at, copiedEnd)).to.equal(text.slice(start, end));
      expect(target.text(0, at) + target.text(copiedEnd + 3, 24)).to.match(/^x+$/);
    });
  });
});

describe('equalBytes', () => {
  it('compares every range', () => {
    compareRanges((text, start, end) => {
      const { view } = WordBuffer.of(text);
      const length = end - start;
      const at = end % 5;
      const other = WordBuffer.of(`${'x'.repeat(at)}${text.slice(start, end)}y`);
      expect(equalBytes(view, start, other.view, at, length)).to.equal(true);
      for (let changed = at; changed < at + length; changed += 1) {
        const bit = 1 << (changed % 8);
        other.view.setUint8(changed, other.view.getUint8(changed) ^ bit);
        expect(equalBytes(view, start, other.view, at, length), `byte ${changed - at} changed`).to.equal(false);
        other.view.setUint8(changed, other.view.getUint8(changed) ^ bit);
      }
    });
  });
});
