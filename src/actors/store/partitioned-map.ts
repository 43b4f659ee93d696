import { partitionCount, partitionOf } from '../../protocol/place/digest.js';
import type { ClientId } from '../../protocol/place/ids.js';
import type { HashKey } from '../../protocol/text/keyed-hash.js';
import { hashCount, HashTrie, maxLeafEntries } from './hash-trie.js';
import type { Random } from '../ports/random.js';

/** Buckets that a search passes at once where all of them are empty: it is quick in a table that holds few. */
const stridePartitions = 256;

/** A cursor is below this: a bucket, and a place in it as a hash of 32 bits. A safe integer. */
export const cursorLimit = partitionCount * hashCount;

/** The cursor of the first place in a bucket. */
export function cursorOf(partition: number): number {
  return partition * hashCount;
}

/**
 * Something of each client, in the buckets of the digest: a client stays in its bucket, so that all can be gone through page by
 * page while they change; and no map of them is so large that its growing would be felt.
 *
 * Anybody can make up any number of client IDs that belong to one bucket. One that holds more than `maxLeafEntries` clients is
 * therefore ordered by a keyed hash, and a page may end within it.
 */
export class PartitionedMap<Value> {
  private readonly partitions: (Map<ClientId, Value> | HashTrie<Value> | undefined)[] = new Array<undefined>(
    partitionCount,
  ).fill(undefined);
  /** How many buckets hold something, of each stride. */
  private readonly usedPerStride = new Uint16Array(partitionCount / stridePartitions);
  private lazyKey: HashKey | undefined;

  /** @param random what the key of the hash is drawn from, when the first bucket has more than a few clients */
  constructor(private readonly random: Random) {}

  get(client: ClientId): Value | undefined {
    return this.getInPartition(partitionOf(client), client);
  }

  /** The same, where the client's bucket is known. */
  getInPartition(partition: number, client: ClientId): Value | undefined {
    return this.partitions[partition]?.get(client);
  }

  set(partition: number, client: ClientId, value: Value): void {
    const entries = this.partitions[partition] ?? this.createPartition(partition);
    entries.set(client, value);
    if (entries.size > maxLeafEntries && entries instanceof Map) this.partitions[partition] = this.toHashTrie(entries);
  }

  /** Returns whether there was something. */
  delete(partition: number, client: ClientId): boolean {
    const entries = this.partitions[partition];
    if (entries?.delete(client) !== true) return false;
    if (entries.size === 0) this.removePartition(partition);
    return true;
  }

  /**
   * Adds what is held to a list, from a cursor on, until the list has `max` entries or up to `maxLeafEntries` more. Who goes from cursor
   * to cursor, 0 being the first, meets each client that is there all the while, once.
   * @returns the next cursor; undefined at the end
   */
  collect(cursor: number, max: number, into: Value[]): number | undefined {
    let partition = Math.floor(cursor / hashCount);
    let hash = cursor % hashCount;
    while (partition < partitionCount) {
      if (into.length >= max) return cursorOf(partition) + hash;
      const next = this.collectInPartition(partition, hash, max, into);
      if (next !== undefined) return cursorOf(partition) + next;
      hash = 0;
      partition += this.stepFrom(partition);
    }
    return undefined;
  }

  /** The same within one bucket: from a hash to the next hash. */
  collectInPartition(partition: number, fromHash: number, max: number, into: Value[]): number | undefined {
    const entries = this.partitions[partition];
    if (entries instanceof HashTrie) return entries.collect(fromHash, max, into);
    // Where `from` is not 0, the bucket has been empty since: all that it holds came later.
    if (entries !== undefined) for (const value of entries.values()) into.push(value);
    return undefined;
  }

  /** A page of what is held: see `collect`. */
  page(cursor: number, max: number): { readonly values: Value[]; readonly next: number | undefined } {
    const values: Value[] = [];
    const next = this.collect(cursor, max, values);
    return { values, next };
  }

  /** How many buckets to go on by from one: more than one where there is nothing in those between. */
  private stepFrom(index: number): number {
    return index % stridePartitions === 0 && this.usedPerStride[index / stridePartitions] === 0 ? stridePartitions : 1;
  }

  private get key(): HashKey {
    const word = () => Math.floor(this.random.next() * hashCount) | 0;
    return (this.lazyKey ??= { low: word(), high: word() });
  }

  private toHashTrie(entries: ReadonlyMap<ClientId, Value>): HashTrie<Value> {
    const trie = new HashTrie<Value>(this.key);
    for (const [client, value] of entries) trie.set(client, value);
    return trie;
  }

  private createPartition(index: number): Map<ClientId, Value> {
    const entries = new Map<ClientId, Value>();
    this.partitions[index] = entries;
    this.adjustUsed(index, 1);
    return entries;
  }

  private removePartition(index: number): void {
    this.partitions[index] = undefined;
    this.adjustUsed(index, -1);
  }

  private adjustUsed(index: number, change: 1 | -1): void {
    const stride = Math.floor(index / stridePartitions);
    this.usedPerStride[stride] = (this.usedPerStride[stride] ?? 0) + change;
  }
}
