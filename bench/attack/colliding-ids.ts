/*
 * Client IDs that fall into one slot of the digest. Its hash is public and has no key, and each of its steps can be undone, so
 * that they are computed and not searched for.
 */

const prime = 0x01000193;
const seed = 0x811c9dc5;
const inversePrime = inverse(prime);
const inverseFirst = inverse(0x85ebca6b);
const inverseSecond = inverse(0xc2b2ae35);
const idBytes = 12;
const alphabet = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** So many IDs of 12 printable bytes, all of one slot. @param slot 0 to 65,535 */
export function* collidingIds(slot: number, count: number): Generator<string> {
  const bytes = Buffer.alloc(idBytes);
  let made = 0;
  for (let prefix = 0; ; prefix += 1) {
    let rest = prefix;
    for (let index = 0; index < 8; index += 1) {
      bytes[index] = alphabet.charCodeAt(rest % alphabet.length);
      rest = Math.floor(rest / alphabet.length);
    }
    let state = seed ^ idBytes;
    for (let index = 0; index < 8; index += 4) state = step(state, bytes.readInt32LE(index));
    for (let high = 0; high < 65_536; high += 1) {
      // The word that takes the hash from here to one whose low bits are the slot.
      bytes.writeInt32LE(Math.imul(undoShift(undoMix((high << 16) | slot), 15), inversePrime) ^ state, 8);
      if (bytes.subarray(8).some((byte) => byte < 0x24 || byte > 0x7e)) continue;
      yield bytes.toString('latin1');
      made += 1;
      if (made === count) return;
    }
  }
}

function step(state: number, word: number): number {
  const multiplied = Math.imul(state ^ word, prime);
  return multiplied ^ (multiplied >>> 15);
}

/** Undoes the final mix of the hash. */
function undoMix(mixed: number): number {
  const second = Math.imul(undoShift(mixed, 16), inverseSecond);
  return undoShift(Math.imul(undoShift(second, 13), inverseFirst), 16);
}

/** Undoes `value ^ (value >>> bits)`. */
function undoShift(value: number, bits: number): number {
  let undone = value;
  for (let index = bits; index < 32; index += bits) undone = value ^ (undone >>> bits);
  return undone;
}

/** The inverse of an odd number modulo 2^32. */
function inverse(odd: number): number {
  let found = odd;
  for (let round = 0; round < 5; round += 1) found = Math.imul(found, 2 - Math.imul(odd, found));
  return found;
}
