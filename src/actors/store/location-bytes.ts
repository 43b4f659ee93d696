import type { Location } from '../../protocol/place/location.js';

/**
 * Bytes of memory of a stored location besides the characters of its line and client ID: objects, string headers, and its part of the
 * index.
 */
export const locationOverheadBytes = 224;

/** Maximum bytes of memory of the index's partitions, independent of the number of locations. */
export const maxIndexBytes = 16 * 1_048_576;

/** Returns the bytes of memory of a stored location, as counted by `limits.maxStoreBytes`. */
export function locationBytes({ line, client }: Location): number {
  return line.length + client.length + locationOverheadBytes;
}

/** Bytes of memory of a map entry. */
const mapEntryBytes = 64;

/**
 * Returns the bytes of memory of a queued location: its entry in the queue and the location itself, which the store may have replaced
 * or evicted.
 */
export function queuedLocationBytes(location: Location): number {
  return mapEntryBytes + locationBytes(location);
}
