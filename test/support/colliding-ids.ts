import { asClientId, type ClientId } from '../../src/protocol/place/ids.js';

/**
 * Client IDs of 144 bytes that all have the same hash, and so the same bucket. Whatever state the hash is in, two blocks of
 * eight bytes lead it to the same next one if they differ in the highest bit of the first word, and in what becomes of that
 * bit, 31 and 16, in the second. Each of 18 blocks is the one or the other.
 */
export function collidingId(index: number): ClientId {
  let id = '';
  for (let bit = 0; bit < 18; bit += 1) id += (index >>> bit) % 2 === 0 ? 'aaaaaaaa' : 'aaa\xE1aa`\xE1';
  return asClientId(id);
}
