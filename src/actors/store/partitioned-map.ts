import { partitionCount, partitionOf } from '../../protocol/place/digest.js';
import type { ClientId } from '../../protocol/place/ids.js';
import type { HashKey } from '../../protocol/text/keyed-hash.js';
import { hashCount, HashTrie, maxLeafEntries } from './hash-trie.js';
import type { Random } from '../ports/random.js';

/** Partitions that an iteration skips at once if all are empty, so that it is fast in a small table. */
const stridePartitions = 256;

/** Upper limit of cursors: a cursor is a safe integer made of a partition and a hash of 32 bits in it. */
export const cursorLimit = partitionCount * hashCount;

/** Returns the cursor of the start of a partition. */
export function cursorOf(partition: number): number {
  return partition * hashCount;
}

/**
 * Map of clients, split into the partitions of the digest. A client stays in its partition, so the map can be iterated page by page
 * while it changes; and no partition is so large that rehashing it would cause a pause.
 *
 * Anyone can choose any number of client IDs of one partition. A partition of more than `maxLeafEntries` clients is therefore ordered
 * by a keyed hash, and a page may end within it.
 */
export class PartitionedMap<Value> {
  private readonly partitions: (Map<ClientId, Value> | HashTrie<Value> | undefined)[] = new Array<undefined>(
    partitionCount,
  ).fill(undefined);
  /** The number of partitions with entries, per stride. */
  private readonly usedPerStride = new Uint16Array(partitionCount / stridePartitions);
  private lazyKey: HashKey | undefined;

  /** @param random source of the hash key, which is drawn when the first partition exceeds `maxLeafEntries` */
  constructor(private readonly random: Random) {}

  get(client: ClientId): Value | undefined {
    return this.getInPartition(partitionOf(client), client);
  }

  /** Returns the value of a client whose partition is known. */
  getInPartition(partition: number, client: ClientId): Value | undefined {
    return this.partitions[partition]?.get(client);
  }

  set(partition: number, client: ClientId, value: Value): void {
    const entries = this.partitions[partition] ?? this.createPartition(partition);
    entries.set(client, value);
    if (entries.size > maxLeafEntries && entries instanceof Map) this.partitions[partition] = this.toHashTrie(entries);
  }

  /** Deletes an entry; returns whether it existed. */
  delete(partition: number, client: ClientId): boolean {
    const entries = this.partitions[partition];
    if (entries?.delete(client) !== true) return false;
    if (entries.size === 0) this.removePartition(partition);
    return true;
  }

  /**
   * Adds values to a list, from a cursor on, until the list has `max` or up to `maxLeafEntries` more. An iteration from cursor to cursor,
   * beginning with 0, returns each client exactly once that is in the map all the time.
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

  /** Adds values of one partition to a list, from a hash on. Returns the next hash; undefined at the end. */
  collectInPartition(partition: number, fromHash: number, max: number, into: Value[]): number | undefined {
    const entries = this.partitions[partition];
    if (entries instanceof HashTrie) return entries.collect(fromHash, max, into);
    // If `fromHash` is not 0, the partition was empty in between: all of its entries are new.
    if (entries !== undefined) for (const value of entries.values()) into.push(value);
    return undefined;
  }

  /** Returns a page of values: see `collect`. */
  page(cursor: number, max: number): { readonly values: Value[]; readonly next: number | undefined } {
    const values: Value[] = [];
    const next = this.collect(cursor, max, values);
    return { values, next };
  }

  /** Returns the distance to the next partition to visit: a whole stride if it is empty. */
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
