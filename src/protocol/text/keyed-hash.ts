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
export function keyedHash(bytes: Uint8Array, start: number, end: number, key: HashKey): number {
  let v0 = key.low;
  let v1 = key.high;
  let v2 = key.low ^ 0x6c796765;
  let v3 = key.high ^ 0x74656462;
  const words = (end - start) >>> 2;
  // One round for each word, the last of which contains the remaining bytes and the length; then three more.
  for (let step = 0; step <= words + 3; step += 1) {
    const word = step > words ? 0 : wordAt(bytes, start + step * 4, end, step === words ? (end - start) << 24 : 0);
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

/** Returns up to four bytes from `start` as a little-endian word; `upperBytes` is added. */
function wordAt(bytes: Uint8Array, start: number, end: number, upperBytes: number): number {
  let word = upperBytes;
  for (let index = 0; index < 4 && start + index < end; index += 1) word |= (bytes[start + index] ?? 0) << (8 * index);
  return word;
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
