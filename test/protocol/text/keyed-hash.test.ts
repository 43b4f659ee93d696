import { expect } from 'chai';

import { keyedHash } from '../../../src/protocol/text/keyed-hash.js';
import { WordBuffer } from '../../../src/protocol/text/word-buffer.js';
import { compareRanges } from '../../support/differential.js';

/** The key of the test vectors of SipHash: bytes 0 to 7. */
const key = { low: 0x03020100, high: 0x07060504 };

const vectors: readonly (readonly [string, number])[] = [
  ['', 1477757078],
  ['k', 1299323837],
  ['ki', 3311205055],
  ['kiw', 1579477611],
  ['kiwi', 4092370127],
  ['kiwi.cs.ucla.edu', 4010829967],
  ['Blake +0.563873386 kiwi +1-2 5', 3849317224],
  ['\0', 3890767050],
  ['\xff\x80\0\x7f\xfe', 2628662466],
  ['\0\0\0\0\0', 2747949320],
];

describe('keyedHash', () => {
  it('has fixed values', () => {
    for (const [text, hash] of vectors) {
      expect(keyedHash(WordBuffer.of(`x${text}x`).view, 1, 1 + text.length, key), text).to.equal(hash);
    }
  });

  it('depends on the bytes of the range, and on both halves of the key', () => {
    compareRanges((text, start, end) => {
      const { view, bytes } = WordBuffer.of(text);
      expect(keyedHash(view, start, end, key)).to.equal(referenceHash(bytes.subarray(start, end), key));
    });
    const { view } = WordBuffer.of('kiwi');
    const hashes = [key, { ...key, low: 1 }, { ...key, high: 1 }].map((each) => keyedHash(view, 0, 4, each));
    expect(new Set(hashes).size).to.equal(3);
  });
});

/** HalfSipHash-1-3 of bytes, with the names of the paper, and with each word made of bytes. */
function referenceHash(bytes: Uint8Array, { low, high }: { low: number; high: number }): number {
  const v = Int32Array.of(low, high, low ^ 0x6c796765, high ^ 0x74656462);
  const at = (index: number) => v[index] ?? 0;
  const add = (to: number, from: number) => (v[to] = at(to) + at(from));
  const rotateXor = (index: number, bits: number, other: number) => {
    v[index] = ((at(index) << bits) | (at(index) >>> (32 - bits))) ^ at(other);
  };
  const rotate = (index: number, bits: number) => (v[index] = (at(index) << bits) | (at(index) >>> (32 - bits)));
  const round = () => {
    add(0, 1);
    rotateXor(1, 5, 0);
    rotate(0, 16);
    add(2, 3);
    rotateXor(3, 8, 2);
    add(0, 3);
    rotateXor(3, 7, 0);
    add(2, 1);
    rotateXor(1, 13, 2);
    rotate(2, 16);
  };
  const padded = new Uint8Array((bytes.length & ~3) + 4);
  padded.set(bytes);
  padded[padded.length - 1] = bytes.length;
  for (let index = 0; index < padded.length; index += 4) {
    const [a = 0, b = 0, c = 0, d = 0] = padded.subarray(index, index + 4);
    const word = a | (b << 8) | (c << 16) | (d << 24);
    v[3] = at(3) ^ word;
    round();
    v[0] = at(0) ^ word;
  }
  v[2] = at(2) ^ 0xff;
  for (let count = 0; count < 3; count += 1) round();
  return (at(1) ^ at(3)) >>> 0;
}
