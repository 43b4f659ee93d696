import { encodeToScratch } from '../text/latin1.js';
import type { ByteString } from '../text/bytes.js';
import { hashLow } from '../text/hash.js';
import type { ClientId } from './ids.js';

/*
 * Anti-entropy: two stores find the few leaves of clients in which they differ by comparing hashes, first of partitions of leaves,
 * then of the leaves in the differing partitions (a hash tree of two levels, as in Amazon's Dynamo, SOSP 2007, section 4.7).
 */

/** The number of partitions. With a million clients, a leaf holds 15, so a difference concerns few locations. */
export const partitionCount = 256;
/** The number of leaves in a partition. */
export const leavesPerPartition = 256;

/** The number of leaves in all partitions. */
export const leafCount = partitionCount * leavesPerPartition;

/** Bytes of one hash. */
const hashBytes = 8;

/** Returns the leaf of a client, which is the same in every store. */
export function leafOf(client: ClientId): number {
  return leafOfHash(hashLow(encodeToScratch(client).view, 0, client.length));
}

/** Returns the leaf of a client from the hash of its ID. */
export function leafOfHash(clientHash: number): number {
  return clientHash & (leafCount - 1);
}

/**
 * The hashes of one store's leaves and partitions. A leaf's hash is the XOR of the hashes of its locations, so adding and removing
 * a location take constant time.
 */
export class Digest {
  /** The hashes of each partition's leaves; undefined for a partition without locations so far. */
  private readonly leafHashes: (Int32Array | undefined)[] = Array.from({ length: partitionCount }, () => undefined);
  private readonly partitionHashes = new Int32Array(partitionCount * 2);
  /** The encoded partition hashes; undefined if they have changed since they were encoded last. */
  private encodedPartitionHashes: ByteString | undefined;

  /**
   * Adds a location, or removes an added one.
   * @param low the hash of its line, in two halves of 32 bits
   */
  toggle(leaf: number, low: number, high: number): void {
    const partition = partitionOfLeaf(leaf);
    const leafHashes = (this.leafHashes[partition] ??= new Int32Array(leavesPerPartition * 2));
    const index = (leaf % leavesPerPartition) * 2;
    this.encodedPartitionHashes = undefined;
    xorInto(leafHashes, index, low);
    xorInto(leafHashes, index + 1, high);
    xorInto(this.partitionHashes, partition * 2, low);
    xorInto(this.partitionHashes, partition * 2 + 1, high);
  }

  /** Encodes the partition hashes in base64url. */
  encodePartitionHashes(): ByteString {
    return (this.encodedPartitionHashes ??= encode(this.partitionHashes));
  }

  /** Returns the hash of a partition in hexadecimal; `0` if it is empty. */
  partitionHash(partition: number): string {
    const low = (this.partitionHashes[partition * 2] ?? 0) >>> 0;
    const high = (this.partitionHashes[partition * 2 + 1] ?? 0) >>> 0;
    return high === 0 ? low.toString(16) : `${high.toString(16)}${low.toString(16).padStart(8, '0')}`;
  }

  /** Whether no location was ever in a partition. */
  isUntouched(partition: number): boolean {
    return this.leafHashes[partition] === undefined;
  }

  /** Encodes the leaf hashes of a partition in base64url. */
  encodeLeafHashes(partition: number): ByteString {
    return encode(this.leafHashesIn(partition));
  }

  /** Returns the partitions in which another store differs; undefined if `encoded` is invalid. */
  differingPartitions(encoded: ByteString): number[] | undefined {
    // Neighbours mostly agree.
    return encoded === this.encodePartitionHashes() ? [] : differingIndexes(this.partitionHashes, encoded);
  }

  /** Returns the leaves of a partition in which another store differs; undefined if `encoded` is invalid. */
  differingLeaves(partition: number, encoded: ByteString): number[] | undefined {
    return differingIndexes(this.leafHashesIn(partition), encoded)?.map(
      (index) => partition * leavesPerPartition + index,
    );
  }

  private leafHashesIn(partition: number): Int32Array {
    return this.leafHashes[partition] ?? emptyPartition;
  }
}

const emptyPartition = new Int32Array(leavesPerPartition * 2);

function xorInto(hashes: Int32Array, index: number, value: number): void {
  hashes[index] = (hashes[index] ?? 0) ^ value;
}

/** Returns the partition of a leaf. */
export function partitionOfLeaf(leaf: number): number {
  return Math.floor(leaf / leavesPerPartition);
}

function encode(hashes: Int32Array): ByteString {
  const bytes = Buffer.allocUnsafe(hashes.length * 4);
  for (let index = 0; index < hashes.length; index += 1) bytes.writeInt32LE(hashes[index] ?? 0, index * 4);
  return bytes.toString('base64url');
}

function differingIndexes(local: Int32Array, encoded: ByteString): number[] | undefined {
  const bytes = Buffer.from(encoded, 'base64url');
  if (bytes.length !== local.length * 4) return undefined;
  const indexes: number[] = [];
  for (let index = 0; index < local.length / 2; index += 1) {
    const low = bytes.readInt32LE(index * hashBytes);
    const high = bytes.readInt32LE(index * hashBytes + 4);
    if (low !== local[index * 2] || high !== local[index * 2 + 1]) indexes.push(index);
  }
  return indexes;
}
