import { NatsError } from './nats-error.js';

/*
 * A bucket may be split over several streams (shards). The mapping (version, hash, number of streams) is stored in NATS, under a key
 * of the bucket that has the configured name, so that all servers use the same: otherwise one would not find what another has written.
 */

/** Key of the mapping. No client has it: client keys with this prefix are longer. */
export const mappingKey = '=mapping';

/** Supported version and hash: 32-bit FNV-1a of the key's bytes, modulo the number of streams. */
const known = '1 fnv1a-32';

/** Value of the mapping. */
export function formatMapping(shards: number): string {
  return `${known} ${shards}`;
}

/**
 * Parses the number of streams from a mapping.
 * @throws NatsError for an unsupported version or hash
 */
export function parseMapping(mapping: string, bucket: string): number {
  const [, version, shards] = /^(\S+ \S+) ([1-9]\d{0,3})$/.exec(mapping) ?? [];
  if (version === known && shards !== undefined) return Number(shards);
  throw new NatsError(
    `the bucket ${bucket} is split in a way that this server does not know: its mapping is ${JSON.stringify(mapping.slice(0, 100))}`,
  );
}

/** Names of the buckets of the shards. The configuration forbids bucket names with that prefix. */
export function shardNames(bucket: string, shards: number): string[] {
  return Array.from({ length: shards }, (_, shard) => `shard-${shard}-${bucket}`);
}

/** Index of the stream that has a key. */
export function shardOf(key: string, shards: number): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index += 1) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  return (hash >>> 0) % shards;
}
