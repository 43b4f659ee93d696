/** A secret key of 64 bits in two halves of 32 bits, drawn at random once per process. */
export interface HashKey {
  readonly low: number;
  readonly high: number;
}

/**
 * Returns an unsigned hash of 32 bits of a range of bytes: HalfSipHash-1-3, the variant of SipHash (Aumasson and Bernstein, 2012)
 * for words of 32 bits. Without the key, nobody can choose texts with close hashes, as is possible with the hashes of the digest
 * (hash.ts), which must be equal on all servers.
 */
export function keyedHash(view: DataView, start: number, end: number, key: HashKey): number {
  let v0 = key.low;
  let v1 = key.high;
  let v2 = key.low ^ 0x6c796765;
  let v3 = key.high ^ 0x74656462;
  const words = (end - start) >>> 2;
  // One round for each word, the last of which contains the remaining bytes and the length; then three more.
  for (let step = 0; step <= words + 3; step += 1) {
    const word = step < words ? view.getInt32(start + step * 4, true) : step === words ? lastWord(view, start, end) : 0;
    if (step === words + 1) v2 ^= 0xff;
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = rotate(v1, 5) ^ v0;
    v0 = rotate(v0, 16);
    v2 = (v2 + v3) | 0;
    v3 = rotate(v3, 8) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = rotate(v3, 7) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = rotate(v1, 13) ^ v2;
    v2 = rotate(v2, 16);
    v0 ^= word;
  }
  return (v1 ^ v3) >>> 0;
}

/** Returns the up to three bytes behind the last whole word, and the length in the highest byte. */
function lastWord(view: DataView, start: number, end: number): number {
  const length = end - start;
  // The bytes behind the end are masked.
  const rest = (length & 3) === 0 ? 0 : view.getInt32(end - (length & 3), true) & ((1 << (8 * (length & 3))) - 1);
  return rest | (length << 24);
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
