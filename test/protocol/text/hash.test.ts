import { expect } from 'chai';

import { hashBoth, hashedHigh, hashLow } from '../../../src/protocol/text/hash.js';
import { WordBuffer } from '../../../src/protocol/text/word-buffer.js';
import { compareRanges } from '../../support/differential.js';

/** Texts with their two hashes, which are the same in every version: servers compare them. */
const vectors: readonly (readonly [string, low: number, high: number])[] = [
  ['', -1421968373, -1666776968],
  ['k', -2119210225, -1842440677],
  ['ki', -870578230, -1505630168],
  ['kiw', -218010940, -30499994],
  ['kiwi', 1712357168, -1695784918],
  ['kiwi.cs.ucla.edu', -1315739970, 619925884],
  ['Blake +0.563873386 kiwi +1-2 5', 170527006, 2134134505],
  ['\0', 90457223, -1059258980],
  ['\xff\x80\0\x7f\xfe', -356377355, 1360408832],
  ['\0\0\0\0\0', 418859877, 1790459926],
];

/** The same hash, byte by byte. */
function referenceHash(bytes: Uint8Array, seed: number, prime: number): number {
  let state = seed ^ bytes.length;
  let index = 0;
  for (; index + 3 < bytes.length; index += 4) {
    const [a = 0, b = 0, c = 0, d = 0] = bytes.subarray(index, index + 4);
    state = Math.imul(state ^ (a | (b << 8) | (c << 16) | (d << 24)), prime);
    state ^= state >>> 15;
  }
  for (const byte of bytes.subarray(index)) state = Math.imul(state ^ byte, prime);
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  return state ^ (state >>> 16);
}

describe('hashLow and hashBoth', () => {
  it('have fixed values', () => {
    for (const [text, low, high] of vectors) {
      const { view } = WordBuffer.of(`x${text}x`);
      expect(hashLow(view, 1, 1 + text.length), text).to.equal(low);
      expect([hashBoth(view, 1, 1 + text.length), hashedHigh()], text).to.deep.equal([low, high]);
    }
  });

  it('depend on the bytes of the range only', () => {
    compareRanges((text, start, end) => {
      const { view, bytes } = WordBuffer.of(text);
      const range = bytes.subarray(start, end);
      const low = referenceHash(range, 0x811c9dc5, 0x01000193);
      const high = referenceHash(range, 0x2545f491, 0x9e3779b1);
      expect(hashLow(view, start, end)).to.equal(low);
      expect([hashBoth(view, start, end), hashedHigh()]).to.deep.equal([low, high]);
    });
  });
});
