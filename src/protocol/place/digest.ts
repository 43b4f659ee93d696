import { encodeToScratch } from '../text/latin1.js';
import type { ByteString } from '../text/bytes.js';
import { hashLow } from '../text/hash.js';
import type { ClientId } from './ids.js';

/*
 * Anti-entropy: two stores find the few partitions of clients in which they differ by comparing hashes, first of groups of partitions,
 * then of the partitions in the differing groups (a hash tree of two levels, as in Amazon's Dynamo, SOSP 2007, section 4.7).
 */

/** The number of groups. With a million clients, a partition holds 15, so a difference concerns few locations. */
export const groupCount = 256;
/** The number of partitions in a group. */
export const partitionsPerGroup = 256;

/** The number of partitions in all groups. */
export const partitionCount = groupCount * partitionsPerGroup;

/** Bytes of one hash. */
const hashBytes = 8;

/** Returns the partition of a client, which is the same in every store. */
export function partitionOf(client: ClientId): number {
  return partitionOfHash(hashLow(encodeToScratch(client).view, 0, client.length));
}

/** Returns the partition of a client from the hash of its ID. */
export function partitionOfHash(clientHash: number): number {
  return clientHash & (partitionCount - 1);
}

/**
 * The hashes of one store's partitions and groups. A partition's hash is the XOR of the hashes of its locations, so adding and removing
 * a location take constant time.
 */
export class Digest {
  /** The hashes of each group's partitions; undefined for a group without locations so far. */
  private readonly partitionHashes: (Int32Array | undefined)[] = Array.from({ length: groupCount }, () => undefined);
  private readonly groupHashes = new Int32Array(groupCount * 2);
  /** The encoded group hashes; undefined if they have changed since they were encoded last. */
  private encodedGroupHashes: ByteString | undefined;

  /**
   * Adds a location, or removes an added one.
   * @param low the hash of its line, in two halves of 32 bits
   */
  toggle(partition: number, low: number, high: number): void {
    const group = groupOf(partition);
    const partitionHashes = (this.partitionHashes[group] ??= new Int32Array(partitionsPerGroup * 2));
    const index = (partition % partitionsPerGroup) * 2;
    this.encodedGroupHashes = undefined;
    xorInto(partitionHashes, index, low);
    xorInto(partitionHashes, index + 1, high);
    xorInto(this.groupHashes, group * 2, low);
    xorInto(this.groupHashes, group * 2 + 1, high);
  }

  /** Encodes the group hashes in base64url. */
  encodeGroupHashes(): ByteString {
    return (this.encodedGroupHashes ??= encode(this.groupHashes));
  }

  /** Encodes the partition hashes of a group in base64url. */
  encodePartitionHashes(group: number): ByteString {
    return encode(this.partitionHashesIn(group));
  }

  /** Returns the groups in which another store differs; undefined if `encoded` is invalid. */
  differingGroups(encoded: ByteString): number[] | undefined {
    // Neighbours mostly agree.
    return encoded === this.encodeGroupHashes() ? [] : differingIndexes(this.groupHashes, encoded);
  }

  /** Returns the partitions of a group in which another store differs; undefined if `encoded` is invalid. */
  differingPartitions(group: number, encoded: ByteString): number[] | undefined {
    return differingIndexes(this.partitionHashesIn(group), encoded)?.map((index) => group * partitionsPerGroup + index);
  }

  private partitionHashesIn(group: number): Int32Array {
    return this.partitionHashes[group] ?? emptyGroup;
  }
}

const emptyGroup = new Int32Array(partitionsPerGroup * 2);

function xorInto(hashes: Int32Array, index: number, value: number): void {
  hashes[index] = (hashes[index] ?? 0) ^ value;
}

/** Returns the group of a partition. */
export function groupOf(partition: number): number {
  return Math.floor(partition / partitionsPerGroup);
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
