import type { ByteString } from '../text/bytes.js';

/** A moment in POSIX time: two integers, because a double cannot represent nanoseconds since 1970. */
export interface Instant {
  /** Whole seconds since 1970-01-01T00:00:00Z. In a time field 0 or more and below 10^15; of a receipt ([LO1]) within ±2 × 10^15. */
  readonly seconds: number;
  /** 0 to 999,999,999. */
  readonly nanoseconds: number;
}

/** Nanoseconds in a second. */
export const NANOSECONDS_PER_SECOND = 1_000_000_000;

/** Pattern of a time field; captures the digits before and after the point. At most 15 of seconds, to stay below 2^53. */
export const timeSource = '(\\d{1,15})(?:\\.(\\d+))?';

const pattern = new RegExp(`^${timeSource}$`);

/** Parses a time field to the nanosecond; further digits are ignored. Returns undefined if it is not valid. */
export function parseTime(field: ByteString): Instant | undefined {
  const match = pattern.exec(field);
  return match?.[1] === undefined ? undefined : instantFromDigits(match[1], match[2]);
}

/** Returns the instant of a matched time field: its digits before and after the point. */
export function instantFromDigits(seconds: string, fraction = ''): Instant {
  const digits = fraction.slice(0, 9);
  return { seconds: Number(seconds), nanoseconds: Number(digits) * 10 ** (9 - digits.length) };
}

/** Parses decimal digits. */
export function parseDigits(bytes: Uint8Array, start: number, end: number): number {
  let number = 0;
  for (let index = start; index < end; index += 1) number = number * 10 + (bytes[index] ?? ZERO) - ZERO;
  return number;
}

/** Parses the digits of a fraction of a second to nanoseconds; digits beyond the ninth are ignored. */
export function parseNanoseconds(bytes: Uint8Array, start: number, end: number): number {
  const digits = Math.min(9, Math.max(0, end - start));
  return parseDigits(bytes, start, start + digits) * (powersOfTen[9 - digits] ?? 1);
}

/** A table, because the operator `**` takes longer than parsing nine digits. */
const powersOfTen = Array.from({ length: 10 }, (_, exponent) => 10 ** exponent);

const ZERO = 48;

/** Formats a time field with nine decimals. */
export function formatInstant({ seconds, nanoseconds }: Instant): ByteString {
  return `${seconds}.${String(nanoseconds).padStart(9, '0')}`;
}

/** Formats seconds as a time field with up to nine decimals. */
export function formatSeconds(seconds: number): ByteString {
  return seconds.toFixed(9).replace(/\.?0+$/, '');
}

/** Compares two instants: negative if `a` is earlier than `b`, 0 in the same nanosecond, positive if later. */
export function compareInstants(a: Instant, b: Instant): number {
  return a.seconds - b.seconds || a.nanoseconds - b.nanoseconds;
}

/** Returns the milliseconds from one instant to another; negative if the second is earlier. Rounded to a double. */
export function millisecondsBetween(from: Instant, to: Instant): number {
  return (to.seconds - from.seconds) * 1_000 + (to.nanoseconds - from.nanoseconds) / 1_000_000;
}

/** Returns the earlier of two instants. */
export function earlierOf(a: Instant, b: Instant): Instant {
  return compareInstants(a, b) <= 0 ? a : b;
}

/** Formats the time of receipt minus the client's time in seconds, always with a sign and nine decimals. */
export function formatSkew(received: Instant, sent: Instant): string {
  const isLate = compareInstants(received, sent) >= 0;
  const [end, start] = isLate ? [received, sent] : [sent, received];
  let seconds = end.seconds - start.seconds;
  let nanoseconds = end.nanoseconds - start.nanoseconds;
  if (nanoseconds < 0) {
    seconds -= 1;
    nanoseconds += NANOSECONDS_PER_SECOND;
  }
  return `${isLate ? '+' : '-'}${seconds}.${String(nanoseconds).padStart(9, '0')}`;
}

/**
 * Whether a client's time is further ahead of the server's than allowed ([TM7]).
 *
 * @param maxFutureSkewMs milliseconds; compared with a resolution of one second
 */
export function isTooFarAhead(sent: Instant, received: Instant, maxFutureSkewMs: number): boolean {
  return sent.seconds - received.seconds > maxFutureSkewMs / 1_000;
}
