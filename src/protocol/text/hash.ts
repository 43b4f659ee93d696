/*
 * Hashes that distinguish texts, without protection against chosen inputs: FNV-1a over words of four bytes, with the finalizer of
 * MurmurHash3, so that each bit of the hash depends on all bits of the input.
 */

const lowSeed = 0x811c9dc5;
const lowPrime = 0x01000193;
const highSeed = 0x2545f491;
const highPrime = 0x9e3779b1;

/** Returns a signed hash of 32 bits of a range of bytes. */
export function hashLow(view: DataView, start: number, end: number): number {
  let state = lowSeed ^ (end - start);
  let index = start;
  for (; index + 3 < end; index += 4) {
    state = Math.imul(state ^ view.getInt32(index, true), lowPrime);
    state ^= state >>> 15;
  }
  for (; index < end; index += 1) state = Math.imul(state ^ view.getUint8(index), lowPrime);
  return mix(state);
}

/** The second hash of `hashBoth`, kept here because returning two numbers would allocate. */
let lastHigh = 0;

/**
 * Computes two hashes of a range of bytes in one pass, for 64 bits together. Returns the first, which is `hashLow`; `hashedHigh` returns
 * the second.
 */
export function hashBoth(view: DataView, start: number, end: number): number {
  let low = lowSeed ^ (end - start);
  let high = highSeed ^ (end - start);
  let index = start;
  for (; index + 3 < end; index += 4) {
    const word = view.getInt32(index, true);
    low = Math.imul(low ^ word, lowPrime);
    low ^= low >>> 15;
    high = Math.imul(high ^ word, highPrime);
    high ^= high >>> 15;
  }
  for (; index < end; index += 1) {
    const byte = view.getUint8(index);
    low = Math.imul(low ^ byte, lowPrime);
    high = Math.imul(high ^ byte, highPrime);
  }
  lastHigh = mix(high);
  return mix(low);
}

/** Returns the second hash of the last call of `hashBoth`. */
export function hashedHigh(): number {
  return lastHigh;
}

function mix(state: number): number {
  let mixed = state ^ (state >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
