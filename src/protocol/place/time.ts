import type { ByteString } from '../text/bytes.js';

/** A moment in POSIX time, in two whole numbers because one double cannot hold nanoseconds since 1970. */
export interface Instant {
  /** Whole seconds since 1970-01-01T00:00:00Z. In a time field 0 or more and below 10^15; of a receipt ([LO1]) within ±2 × 10^15. */
  readonly seconds: number;
  /** 0 to 999,999,999. */
  readonly nanoseconds: number;
}

/** Nanoseconds in a second. */
export const NANOSECONDS_PER_SECOND = 1_000_000_000;

/** A time field, with its digits before and behind the point. At most 15 of seconds: beyond 2^53 their arithmetic would be inexact. */
export const timeSource = '(\\d{1,15})(?:\\.(\\d+))?';

const pattern = new RegExp(`^${timeSource}$`);

/** The moment that a client's time field stands for, to the nanosecond; digits beyond the ninth are cut off. */
export function parseTime(field: ByteString): Instant | undefined {
  const match = pattern.exec(field);
  return match?.[1] === undefined ? undefined : instantFromDigits(match[1], match[2]);
}

/** The moment of a time field that was matched: its digits before and behind the point. */
export function instantFromDigits(seconds: string, fraction = ''): Instant {
  const digits = fraction.slice(0, 9);
  return { seconds: Number(seconds), nanoseconds: Number(digits) * 10 ** (9 - digits.length) };
}

/** The number whose decimal digits stand in bytes. */
export function parseDigits(bytes: Uint8Array, start: number, end: number): number {
  let number = 0;
  for (let index = start; index < end; index += 1) number = number * 10 + (bytes[index] ?? ZERO) - ZERO;
  return number;
}

/** The nanoseconds of a fraction of a second whose digits stand in bytes; those beyond the ninth are cut off. */
export function parseNanoseconds(bytes: Uint8Array, start: number, end: number): number {
  const digits = Math.min(9, Math.max(0, end - start));
  return parseDigits(bytes, start, start + digits) * 10 ** (9 - digits);
}

const ZERO = 48;

/** A moment as a time field, always with nine decimals. */
export function formatInstant({ seconds, nanoseconds }: Instant): ByteString {
  return `${seconds}.${String(nanoseconds).padStart(9, '0')}`;
}

/** A number of seconds as a time field: what digits it has to the nanosecond. */
export function formatSeconds(seconds: number): ByteString {
  return seconds.toFixed(9).replace(/\.?0+$/, '');
}

/** Below zero if `a` is earlier than `b`, zero if they are the same nanosecond, above zero if later. */
export function compareInstants(a: Instant, b: Instant): number {
  return a.seconds - b.seconds || a.nanoseconds - b.nanoseconds;
}

/** Milliseconds from one moment to another; below zero if that is earlier. Rounded to what a double holds. */
export function millisecondsBetween(from: Instant, to: Instant): number {
  return (to.seconds - from.seconds) * 1_000 + (to.nanoseconds - from.nanoseconds) / 1_000_000;
}

/** The earlier of two moments. */
export function earlierOf(a: Instant, b: Instant): Instant {
  return compareInstants(a, b) <= 0 ? a : b;
}

/** The server's receipt time minus the client's time in seconds: always signed, always nine decimals. */
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
 * Whether a client's time is further ahead of the server's than is allowed ([TM7]).
 *
 * @param maxFutureSkewMs milliseconds, compared to the second
 */
export function isTooFarAhead(sent: Instant, received: Instant, maxFutureSkewMs: number): boolean {
  return sent.seconds - received.seconds > maxFutureSkewMs / 1_000;
}
