import type { ByteString } from '../text/bytes.js';
import { parseAt, type Location } from '../place/location.js';

/**
 * The version of what is written into a bucket. A change of the order of locations is a new one: a server that does not know it leaves
 * the value alone, and does not overwrite it by another order.
 */
const version = '2';

/** Versions that are read: 1 has the same fields, and was written by servers that ordered locations by time alone. */
const readable: readonly string[] = ['1', version];

/** What a value of a bucket says: a location, something of a version that is not known here, or nothing at all. */
export type BucketValue =
  | { readonly kind: 'location'; readonly location: Location }
  | { readonly kind: 'unknown version'; readonly version: string }
  | { readonly kind: 'malformed' };

/** A location as it stands in a bucket: the version, a space, and the AT line. */
export function formatBucketValue({ line }: Location): ByteString {
  return `${version} ${line}`;
}

/** Reads a value of a bucket, checked as an AT line of a neighbour is. Never throws. */
export function parseBucketValue(value: ByteString): BucketValue {
  const [, written, rest] = /^(\d{1,9}) (.*)$/s.exec(value) ?? [];
  if (written === undefined || rest === undefined) return { kind: 'malformed' };
  if (!readable.includes(written)) return { kind: 'unknown version', version: written };
  const location = parseAt(rest);
  return location === undefined ? { kind: 'malformed' } : { kind: 'location', location };
}
