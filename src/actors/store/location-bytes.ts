import type { Location } from '../../protocol/place/location.js';
import { cellBytes } from './location-arena.js';
import { maxEntryBytes } from './location-index.js';
import { classUnits, unitBytes } from './size-classes.js';

/** Bytes of memory of a `Location` besides the characters of its line and client ID: objects and string headers. */
export const locationOverheadBytes = 224;

/**
 * Maximum memory of a location table that does not depend on the number of locations: the digest, the heads of its leaves, and of
 * each size class a slab that is nearly empty.
 */
export const maxTableBytes = 16 * 1_048_576;

/** Returns the bytes of memory of a location of a store, as counted by `limits.maxStoreBytes`: its cell and its part of the index. */
export function storedLocationBytes(lineBytes: number): number {
  return classUnits(cellBytes(lineBytes)) * unitBytes + maxEntryBytes;
}

/** Returns the bytes of memory of a `Location` and its entry in an index. */
export function locationBytes({ line, client }: Location): number {
  return line.length + client.length + locationOverheadBytes;
}

/** Bytes of memory of a map entry. */
const mapEntryBytes = 64;

/** Returns the bytes of memory of a queued location: its entry in the queue and the location itself. */
export function queuedLocationBytes(location: Location): number {
  return mapEntryBytes + locationBytes(location);
}
