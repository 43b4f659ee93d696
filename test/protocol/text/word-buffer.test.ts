import { expect } from 'chai';

import { copyWords, equalBytes, findLineEnd, WordBuffer } from '../../../src/protocol/text/word-buffer.js';
import { compareGenerated } from '../../support/differential.js';
import { forEachRange } from '../../support/ranges.js';

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
});

describe('findLineEnd', () => {
  it('finds the first LF of every range', () => {
    compareGenerated(
      (generator) => generator.bytes(),
      (text) => {
        const { view } = WordBuffer.of(text);
        forEachRange(text.length, (start, end) => {
          const found = text.slice(start, end).indexOf('\n');
          const expected = found < 0 ? -1 : start + found;
          if (findLineEnd(view, start, end) !== expected) expect.fail(`${start}..${end}: not ${expected}`);
        });
        return text.includes('\n');
      },
    );
  });
});

describe('copyWords', () => {
  it('copies every range to any place, and overwrites at most three bytes behind it', () => {
    compareGenerated(
      (generator) => generator.bytes(),
      (text) => {
        const source = WordBuffer.of(text);
        forEachRange(text.length, (start, end) => {
          const at = end % 5;
          const target = WordBuffer.of('x'.repeat(24));
          copyWords(source.view, start, end, target.view, at);
          const copied = at + end - start;
          const kept = target.text(0, at) + target.text(copied + 3, 24);
          if (target.text(at, copied) !== text.slice(start, end)) expect.fail(`${start}..${end}: not copied`);
          if (kept !== 'x'.repeat(kept.length)) expect.fail(`${start}..${end}: more is overwritten`);
        });
        return true;
      },
    );
  });
});

describe('equalBytes', () => {
  it('compares every range', () => {
    compareGenerated(
      (generator) => generator.bytes(),
      (text) => {
        const a = WordBuffer.of(text);
        forEachRange(text.length, (start, end) => {
          const length = end - start;
          const at = end % 5;
          const b = WordBuffer.of(`${'x'.repeat(at)}${text.slice(start, end)}y`);
          if (!equalBytes(a.view, start, b.view, at, length)) expect.fail(`${start}..${end}: should be equal`);
          if (length === 0) return;
          const changed = at + ((start * 7 + end) % length);
          b.view.setUint8(changed, b.view.getUint8(changed) ^ (1 << (end % 8)));
          if (equalBytes(a.view, start, b.view, at, length)) expect.fail(`${start}..${end}: should differ`);
        });
        return true;
      },
    );
  });
});
