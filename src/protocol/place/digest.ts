import { bytesToScan } from '../text/latin1.js';
import type { ByteString } from '../text/bytes.js';
import { hashLow } from '../text/hash.js';
import type { ClientId } from './ids.js';
import type { Location } from './location.js';

/*
 * Anti-entropy: two stores find out in which few buckets of clients they differ by comparing hashes, first of groups of
 * buckets, then of the buckets of those groups that differ (a hash tree of two levels, as in Amazon's Dynamo, SOSP 2007,
 * section 4.7).
 */

/** Groups of buckets, and buckets in a group. With a million clients a bucket holds 15: what differs is told narrowly. */
export const groupCount = 256;
const bucketsInGroup = 256;

/** Buckets in all. */
export const bucketCount = groupCount * bucketsInGroup;

/** The bytes of one hash. */
const hashBytes = 8;

/** The bucket that a client belongs to, in every store. */
export function bucketOf(client: ClientId): number {
  return bucketOfHash(hashLow(bytesToScan(client), 0, client.length));
}

/** The same, where the hash of the client's ID is known. */
export function bucketOfHash(clientHash: number): number {
  return clientHash & (bucketCount - 1);
}

/**
 * The hashes of one store's buckets and groups. A bucket's hash is the exclusive or of the hashes of its locations, so that
 * adding or removing one costs the same however many there are.
 */
export class Digest {
  private readonly buckets = new Int32Array(bucketCount * 2);
  private readonly groups = new Int32Array(groupCount * 2);

  /** Adds a location, or removes one that was added. */
  toggle(location: Location): void {
    const { bucket, hashLow: low, hashHigh: high } = location;
    const group = groupOf(bucket);
    flip(this.buckets, bucket * 2, low);
    flip(this.buckets, bucket * 2 + 1, high);
    flip(this.groups, group * 2, low);
    flip(this.groups, group * 2 + 1, high);
  }

  /** The hashes of the groups, in base64url. */
  describeGroups(): ByteString {
    return encode(this.groups);
  }

  /** The hashes of the buckets of a group, in base64url. */
  describeBuckets(group: number): ByteString {
    return encode(this.bucketsOf(group));
  }

  /** The groups in which another store differs; undefined if the text describes no groups. */
  differingGroups(described: ByteString): number[] | undefined {
    return differing(this.groups, described);
  }

  /** The buckets of a group in which another store differs; undefined if the text describes no buckets. */
  differingBuckets(group: number, described: ByteString): number[] | undefined {
    return differing(this.bucketsOf(group), described)?.map((index) => group * bucketsInGroup + index);
  }

  private bucketsOf(group: number): Int32Array {
    const start = group * bucketsInGroup * 2;
    return this.buckets.subarray(start, start + bucketsInGroup * 2);
  }
}

function flip(hashes: Int32Array, index: number, value: number): void {
  hashes[index] = (hashes[index] ?? 0) ^ value;
}

function groupOf(bucket: number): number {
  return Math.floor(bucket / bucketsInGroup);
}

function encode(hashes: Int32Array): ByteString {
  const bytes = Buffer.allocUnsafe(hashes.length * 4);
  hashes.forEach((half, index) => bytes.writeInt32LE(half, index * 4));
  return bytes.toString('base64url');
}

function differing(own: Int32Array, described: ByteString): number[] | undefined {
  const bytes = Buffer.from(described, 'base64url');
  if (bytes.length !== own.length * 4) return undefined;
  const indexes: number[] = [];
  for (let index = 0; index < own.length / 2; index += 1) {
    const low = bytes.readInt32LE(index * hashBytes);
    const high = bytes.readInt32LE(index * hashBytes + 4);
    if (low !== own[index * 2] || high !== own[index * 2 + 1]) indexes.push(index);
  }
  return indexes;
}
