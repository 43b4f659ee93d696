import { NatsError } from './nats-error.js';

/*
 * A bucket may be split over several streams. How, stands in NATS itself, under a key of the bucket that has the name of the
 * whole, where every server reads it: version, hash, number of streams. Two servers that split otherwise would not find what
 * the other has written.
 */

/** The key of the mapping. No client has it: one that begins so is longer. */
export const mappingKey = '=mapping';

/** The version and the hash that this server knows: FNV-1a of 32 bits, of the key's bytes, modulo the number of streams. */
const known = '1 fnv1a-32';

/** What is written down of a bucket that is split. */
export function formatMapping(shards: number): string {
  return `${known} ${shards}`;
}

/**
 * Over how many streams a bucket is split.
 * @throws NatsError for a mapping of another version or hash
 */
export function parseMapping(mapping: string, bucket: string): number {
  const [, version, shards] = /^(\S+ \S+) ([1-9]\d{0,3})$/.exec(mapping) ?? [];
  if (version === known && shards !== undefined) return Number(shards);
  throw new NatsError(
    `the bucket ${bucket} is split in a way that this server does not know: its mapping is ${JSON.stringify(mapping.slice(0, 100))}`,
  );
}

/** The names of the buckets that a bucket is split into. The config lets no whole bucket have one that begins so. */
export function shardNames(bucket: string, shards: number): string[] {
  return Array.from({ length: shards }, (_, shard) => `shard-${shard}-${bucket}`);
}

/** Which of so many streams has a key. */
export function shardOf(key: string, shards: number): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index += 1) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  return (hash >>> 0) % shards;
}
