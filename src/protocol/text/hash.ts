/*
 * Hashes that distinguish texts, without protection against chosen inputs: FNV-1a over words of four bytes, with the finalizer of
 * MurmurHash3, so that each bit of the hash depends on all bits of the input.
 */

const lowSeed = 0x811c9dc5;
const lowPrime = 0x01000193;
const highSeed = 0x2545f491;
const highPrime = 0x9e3779b1;

/** Returns a signed hash of 32 bits of a range of bytes. */
export function hashLow(bytes: Uint8Array, start: number, end: number): number {
  return hash(bytes, start, end, lowSeed, lowPrime);
}

/** Returns a second hash, for 64 bits together with `hashLow`. */
export function hashHigh(bytes: Uint8Array, start: number, end: number): number {
  return hash(bytes, start, end, highSeed, highPrime);
}

function hash(bytes: Uint8Array, start: number, end: number, seed: number, prime: number): number {
  let state = seed ^ (end - start);
  let index = start;
  for (; index + 3 < end; index += 4) {
    const word =
      (bytes[index] ?? 0) |
      ((bytes[index + 1] ?? 0) << 8) |
      ((bytes[index + 2] ?? 0) << 16) |
      ((bytes[index + 3] ?? 0) << 24);
    state = Math.imul(state ^ word, prime);
    state ^= state >>> 15;
  }
  for (; index < end; index += 1) state = Math.imul(state ^ (bytes[index] ?? 0), prime);
  return mix(state);
}

function mix(state: number): number {
  let mixed = state ^ (state >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
