import type { ByteString } from './bytes.js';

/** A moment in POSIX time, in two whole numbers because one double cannot hold nanoseconds since 1970. */
export interface Instant {
  /** Whole seconds since 1970-01-01T00:00:00Z, 0 or more, below 10^15. */
  readonly seconds: number;
  /** 0 to 999,999,999. */
  readonly nanoseconds: number;
}

const NANOSECONDS = 1_000_000_000;

/** At most 15 digits of seconds: beyond 2^53 their arithmetic would no longer be exact. */
const pattern = /^(\d{1,15})(?:\.(\d+))?$/;

/** The moment that a client's time field stands for, to the nanosecond; digits beyond the ninth are cut off. */
export function parseTime(field: ByteString): Instant | undefined {
  const match = pattern.exec(field);
  if (match?.[1] === undefined) return undefined;
  const fraction = match[2] ?? '';
  return { seconds: Number(match[1]), nanoseconds: Number(fraction.slice(0, 9).padEnd(9, '0')) };
}

/** A moment as a time field, always with nine decimals. */
export function formatInstant({ seconds, nanoseconds }: Instant): ByteString {
  return `${seconds}.${String(nanoseconds).padStart(9, '0')}`;
}

/** Below zero if `a` is earlier than `b`, zero if they are the same nanosecond, above zero if later. */
export function compareInstants(a: Instant, b: Instant): number {
  return a.seconds - b.seconds || a.nanoseconds - b.nanoseconds;
}

/** The server's receipt time minus the client's time in seconds: always signed, always nine decimals. */
export function formatSkew(received: Instant, sent: Instant): string {
  const late = compareInstants(received, sent) >= 0;
  const [end, start] = late ? [received, sent] : [sent, received];
  let seconds = end.seconds - start.seconds;
  let nanoseconds = end.nanoseconds - start.nanoseconds;
  if (nanoseconds < 0) {
    seconds -= 1;
    nanoseconds += NANOSECONDS;
  }
  return `${late ? '+' : '-'}${seconds}.${String(nanoseconds).padStart(9, '0')}`;
}

/**
 * Whether a client's time is further ahead of the server's than is allowed. Without a bound, one report from a far future
 * would stand against all that come after it.
 *
 * @param aheadMaxMs milliseconds, compared to the second
 */
export function isAhead(sent: Instant, received: Instant, aheadMaxMs: number): boolean {
  return sent.seconds - received.seconds > aheadMaxMs / 1_000;
}
