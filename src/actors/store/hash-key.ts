import type { HashKey } from '../../protocol/text/keyed-hash.js';
import type { Random } from '../ports/random.js';

/** The number of values of a keyed hash, and so the upper limit of the cursors of stores: hashes from which a list continues. */
export const hashCount = 2 ** 32;

/** Draws the key of a hash. */
export function drawHashKey(random: Random): HashKey {
  const word = () => Math.floor(random.next() * hashCount) | 0;
  return { low: word(), high: word() };
}
