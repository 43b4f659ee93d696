import { encodeToScratch } from '../text/latin1.js';
import type { ByteString } from '../text/bytes.js';
import { hashLow } from '../text/hash.js';
import type { ClientId } from './ids.js';

/*
 * Anti-entropy: two stores find out in which few buckets of clients they differ by comparing hashes, first of groups of
 * buckets, then of the buckets of those groups that differ (a hash tree of two levels, as in Amazon's Dynamo, SOSP 2007,
 * section 4.7).
 */

/** Groups of buckets, and buckets in a group. With a million clients a bucket holds 15: what differs is told narrowly. */
export const groupCount = 256;
const partitionsPerGroup = 256;

/** Buckets in all. */
export const partitionCount = groupCount * partitionsPerGroup;

/** The bytes of one hash. */
const hashBytes = 8;

/** The bucket that a client belongs to, in every store. */
export function partitionOf(client: ClientId): number {
  return partitionOfHash(hashLow(encodeToScratch(client), 0, client.length));
}

/** The same, where the hash of the client's ID is known. */
export function partitionOfHash(clientHash: number): number {
  return clientHash & (partitionCount - 1);
}

/** What the digest needs of a location. */
interface HashedLocation {
  readonly partition: number;
  /** The hash of the location in two halves of 32 bits. */
  readonly hashLow: number;
  readonly hashHigh: number;
}

/**
 * The hashes of one store's buckets and groups. A bucket's hash is the exclusive or of the hashes of its locations, so that
 * adding or removing one costs the same however many there are.
 */
export class Digest {
  private readonly partitionHashes = new Int32Array(partitionCount * 2);
  private readonly groupHashes = new Int32Array(groupCount * 2);

  /** Adds a location, or removes one that was added. */
  toggle({ partition, hashLow: low, hashHigh: high }: HashedLocation): void {
    const group = groupOf(partition);
    xorInto(this.partitionHashes, partition * 2, low);
    xorInto(this.partitionHashes, partition * 2 + 1, high);
    xorInto(this.groupHashes, group * 2, low);
    xorInto(this.groupHashes, group * 2 + 1, high);
  }

  /** The hashes of the groups, in base64url. */
  encodeGroupHashes(): ByteString {
    return encode(this.groupHashes);
  }

  /** The hashes of the buckets of a group, in base64url. */
  encodePartitionHashes(group: number): ByteString {
    return encode(this.partitionHashesIn(group));
  }

  /** The groups in which another store differs; undefined if the text describes no groups. */
  differingGroups(encoded: ByteString): number[] | undefined {
    return differingIndexes(this.groupHashes, encoded);
  }

  /** The buckets of a group in which another store differs; undefined if the text describes no buckets. */
  differingPartitions(group: number, encoded: ByteString): number[] | undefined {
    return differingIndexes(this.partitionHashesIn(group), encoded)?.map((index) => group * partitionsPerGroup + index);
  }

  private partitionHashesIn(group: number): Int32Array {
    const start = group * partitionsPerGroup * 2;
    return this.partitionHashes.subarray(start, start + partitionsPerGroup * 2);
  }
}

function xorInto(hashes: Int32Array, index: number, value: number): void {
  hashes[index] = (hashes[index] ?? 0) ^ value;
}

function groupOf(partition: number): number {
  return Math.floor(partition / partitionsPerGroup);
}

function encode(hashes: Int32Array): ByteString {
  const bytes = Buffer.allocUnsafe(hashes.length * 4);
  hashes.forEach((word, index) => bytes.writeInt32LE(word, index * 4));
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
