/*
 * Client IDs that collide in one leaf of the anti-entropy hash tree. The hash has no key and each of its steps is invertible, so
 * the IDs are computed rather than searched.
 */

const prime = 0x01000193;
const seed = 0x811c9dc5;
const inversePrime = modularInverse(prime);
const inverseFirst = modularInverse(0x85ebca6b);
const inverseSecond = modularInverse(0xc2b2ae35);
const idBytes = 12;
const alphabet = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** Yields `count` IDs of 12 printable bytes that all fall into one hash leaf. @param leaf 0 to 65,535 */
export function* collidingIds(leaf: number, count: number): Generator<string> {
  const bytes = Buffer.alloc(idBytes);
  let yielded = 0;
  for (let prefix = 0; ; prefix += 1) {
    let rest = prefix;
    for (let index = 0; index < 8; index += 1) {
      bytes[index] = alphabet.charCodeAt(rest % alphabet.length);
      rest = Math.floor(rest / alphabet.length);
    }
    let state = seed ^ idBytes;
    for (let index = 0; index < 8; index += 4) state = hashStep(state, bytes.readInt32LE(index));
    for (let high = 0; high < 65_536; high += 1) {
      // The last word for which the low bits of the hash are the leaf number.
      bytes.writeInt32LE(Math.imul(invertShift(invertMix((high << 16) | leaf), 15), inversePrime) ^ state, 8);
      if (bytes.subarray(8).some((byte) => byte < 0x24 || byte > 0x7e)) continue;
      yield bytes.toString('latin1');
      yielded += 1;
      if (yielded === count) return;
    }
  }
}

function hashStep(state: number, word: number): number {
  const multiplied = Math.imul(state ^ word, prime);
  return multiplied ^ (multiplied >>> 15);
}

/** Inverts the final mix of the hash. */
function invertMix(mixed: number): number {
  const second = Math.imul(invertShift(mixed, 16), inverseSecond);
  return invertShift(Math.imul(invertShift(second, 13), inverseFirst), 16);
}

/** Inverts `value ^ (value >>> bits)`. */
function invertShift(value: number, bits: number): number {
  let original = value;
  for (let index = bits; index < 32; index += bits) original = value ^ (original >>> bits);
  return original;
}

/** Returns the inverse of an odd number modulo 2^32. */
function modularInverse(odd: number): number {
  let found = odd;
  for (let round = 0; round < 5; round += 1) found = Math.imul(found, 2 - Math.imul(odd, found));
  return found;
}
