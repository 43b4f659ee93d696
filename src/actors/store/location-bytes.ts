import type { Location } from '../../protocol/place/location.js';

/**
 * Bytes of memory that a stored location takes beside the characters of its line and of its client's ID: the objects, the
 * headers of both texts, and its part of the index.
 */
export const locationOverheadBytes = 224;

/** Bytes of memory that the index takes for its buckets, however many locations it holds, at most. */
export const maxIndexBytes = 16 * 1_048_576;

/** Bytes of memory that a stored location takes: what `limits.maxStoreBytes` counts. */
export function locationBytes({ line, client }: Location): number {
  return line.length + client.length + locationOverheadBytes;
}

/** Bytes of an entry of a map of clients. */
const mapEntryBytes = 64;

/**
 * Bytes of memory that a location takes that waits to be sent: its entry in the queue, and the location itself, for the store may hold
 * a newer one by now, or none.
 */
export function queuedLocationBytes(location: Location): number {
  return mapEntryBytes + locationBytes(location);
}
