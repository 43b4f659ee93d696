import { bucketCount, bucketOf } from '../protocol/digest.js';
import type { ClientId } from '../protocol/ids.js';

/** Buckets that a search passes at once where none of them was ever used: it is quick in a table that holds few. */
const strideBuckets = 256;

/**
 * Something of each client, in the buckets of the digest: a client stays in its bucket, so that all can be gone through page by
 * page while they change; and no map of them is so large that its growing would be felt.
 */
export class ClientBuckets<Value> {
  private readonly buckets: (Map<ClientId, Value> | undefined)[] = new Array<undefined>(bucketCount).fill(undefined);
  /** How many buckets were ever used, of each stride. */
  private readonly used = new Uint16Array(bucketCount / strideBuckets);

  get(client: ClientId): Value | undefined {
    return this.getFrom(bucketOf(client), client);
  }

  /** The same, where the client's bucket is known. */
  getFrom(bucket: number, client: ClientId): Value | undefined {
    return this.buckets[bucket]?.get(client);
  }

  set(bucket: number, client: ClientId, value: Value): void {
    (this.buckets[bucket] ?? this.openBucket(bucket)).set(client, value);
  }

  /** Returns whether there was something. */
  delete(bucket: number, client: ClientId): boolean {
    return this.buckets[bucket]?.delete(client) === true;
  }

  /** What a bucket holds. */
  bucket(index: number): Iterable<Value> {
    return this.buckets[index]?.values() ?? [];
  }

  /** How many buckets to go on by from one: more than one where nothing was ever in those between. */
  leapFrom(index: number): number {
    return index % strideBuckets === 0 && this.used[index / strideBuckets] === 0 ? strideBuckets : 1;
  }

  /**
   * What whole buckets hold, from one on, until it is `max` or more; and the bucket that comes next, if there is one. Who goes
   * from page to page meets each client that is there all the while, once.
   */
  page(from: number, max: number): { readonly values: Value[]; readonly next: number | undefined } {
    const values: Value[] = [];
    let index = from;
    while (index < bucketCount && values.length < max) {
      values.push(...this.bucket(index));
      index += this.leapFrom(index);
    }
    return { values, next: index < bucketCount ? index : undefined };
  }

  private openBucket(index: number): Map<ClientId, Value> {
    const bucket = new Map<ClientId, Value>();
    this.buckets[index] = bucket;
    const stride = Math.floor(index / strideBuckets);
    this.used[stride] = (this.used[stride] ?? 0) + 1;
    return bucket;
  }
}
