import { bucketCount, bucketOf } from '../../protocol/place/digest.js';
import type { ClientId } from '../../protocol/place/ids.js';
import type { HashKey } from '../../protocol/text/keyed-hash.js';
import { hashCount, HashTrie, leafMax } from './hash-trie.js';
import type { Random } from '../ports/random.js';

/** Buckets that a search passes at once where all of them are empty: it is quick in a table that holds few. */
const strideBuckets = 256;

/** A cursor is below this: a bucket, and a place in it as a hash of 32 bits. A safe integer. */
export const cursorCount = bucketCount * hashCount;

/** The cursor of the first place in a bucket. */
export function cursorOf(bucket: number): number {
  return bucket * hashCount;
}

/**
 * Something of each client, in the buckets of the digest: a client stays in its bucket, so that all can be gone through page by
 * page while they change; and no map of them is so large that its growing would be felt.
 *
 * Anybody can make up any number of client IDs that belong to one bucket. One that holds more than `leafMax` clients is
 * therefore ordered by a keyed hash, and a page may end within it.
 */
export class ClientBuckets<Value> {
  private readonly buckets: (Map<ClientId, Value> | HashTrie<Value> | undefined)[] = new Array<undefined>(
    bucketCount,
  ).fill(undefined);
  /** How many buckets hold something, of each stride. */
  private readonly used = new Uint16Array(bucketCount / strideBuckets);
  private ownKey: HashKey | undefined;

  /** @param random what the key of the hash is drawn from, when the first bucket has more than a few clients */
  constructor(private readonly random: Random) {}

  get(client: ClientId): Value | undefined {
    return this.getFrom(bucketOf(client), client);
  }

  /** The same, where the client's bucket is known. */
  getFrom(bucket: number, client: ClientId): Value | undefined {
    return this.buckets[bucket]?.get(client);
  }

  set(bucket: number, client: ClientId, value: Value): void {
    const held = this.buckets[bucket] ?? this.openBucket(bucket);
    held.set(client, value);
    if (held.size > leafMax && held instanceof Map) this.buckets[bucket] = this.orderedOf(held);
  }

  /** Returns whether there was something. */
  delete(bucket: number, client: ClientId): boolean {
    const held = this.buckets[bucket];
    if (held?.delete(client) !== true) return false;
    if (held.size === 0) this.closeBucket(bucket);
    return true;
  }

  /**
   * Adds what is held to a list, from a cursor on, until the list has `max` entries or up to `leafMax` more. Who goes from cursor
   * to cursor, 0 being the first, meets each client that is there all the while, once.
   * @returns the next cursor; undefined at the end
   */
  collect(from: number, max: number, into: Value[]): number | undefined {
    let bucket = Math.floor(from / hashCount);
    let hash = from % hashCount;
    while (bucket < bucketCount) {
      if (into.length >= max) return cursorOf(bucket) + hash;
      const next = this.collectIn(bucket, hash, max, into);
      if (next !== undefined) return cursorOf(bucket) + next;
      hash = 0;
      bucket += this.leapFrom(bucket);
    }
    return undefined;
  }

  /** The same within one bucket: from a hash to the next hash. */
  collectIn(bucket: number, from: number, max: number, into: Value[]): number | undefined {
    const held = this.buckets[bucket];
    if (held instanceof HashTrie) return held.collect(from, max, into);
    // Where `from` is not 0, the bucket has been empty since: all that it holds came later.
    if (held !== undefined) for (const value of held.values()) into.push(value);
    return undefined;
  }

  /** A page of what is held: see `collect`. */
  page(from: number, max: number): { readonly values: Value[]; readonly next: number | undefined } {
    const values: Value[] = [];
    const next = this.collect(from, max, values);
    return { values, next };
  }

  /** How many buckets to go on by from one: more than one where there is nothing in those between. */
  private leapFrom(index: number): number {
    return index % strideBuckets === 0 && this.used[index / strideBuckets] === 0 ? strideBuckets : 1;
  }

  private get key(): HashKey {
    const word = () => Math.floor(this.random.next() * hashCount) | 0;
    return (this.ownKey ??= { low: word(), high: word() });
  }

  private orderedOf(entries: ReadonlyMap<ClientId, Value>): HashTrie<Value> {
    const trie = new HashTrie<Value>(this.key);
    for (const [client, value] of entries) trie.set(client, value);
    return trie;
  }

  private openBucket(index: number): Map<ClientId, Value> {
    const bucket = new Map<ClientId, Value>();
    this.buckets[index] = bucket;
    this.countUsed(index, 1);
    return bucket;
  }

  private closeBucket(index: number): void {
    this.buckets[index] = undefined;
    this.countUsed(index, -1);
  }

  private countUsed(index: number, change: 1 | -1): void {
    const stride = Math.floor(index / strideBuckets);
    this.used[stride] = (this.used[stride] ?? 0) + change;
  }
}
