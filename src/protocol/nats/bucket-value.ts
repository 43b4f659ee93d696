import type { ByteString } from '../text/bytes.js';
import { parseAt, type Location } from '../place/location.js';

/**
 * Version of the values of a bucket. A change of the order of locations requires a new version: servers that do not know it do not
 * overwrite the value according to another order.
 */
const version = '2';

/** Readable versions: 1 has the same fields; servers that wrote it ordered locations by time alone. */
const readable: readonly string[] = ['1', version];

/** A parsed value of a bucket. */
export type BucketValue =
  | { readonly kind: 'location'; readonly location: Location }
  | { readonly kind: 'unknown version'; readonly version: string }
  | { readonly kind: 'malformed' };

/** Formats a location as a value of a bucket: the version, a space, and the AT line. */
export function formatBucketValue({ line }: Location): ByteString {
  return `${version} ${line}`;
}

/** Parses a value of a bucket; the AT line is validated like one of a neighbour. Never throws. */
export function parseBucketValue(value: ByteString): BucketValue {
  const [, written, rest] = /^(\d{1,9}) (.*)$/s.exec(value) ?? [];
  if (written === undefined || rest === undefined) return { kind: 'malformed' };
  if (!readable.includes(written)) return { kind: 'unknown version', version: written };
  const location = parseAt(rest);
  return location === undefined ? { kind: 'malformed' } : { kind: 'location', location };
}
