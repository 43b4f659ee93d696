import type { ByteString } from '../text/bytes.js';
import { compareInstants, parseNanoseconds, NANOSECONDS_PER_SECOND, parseDigits, type Instant } from './time.js';

/*
 * The order of the locations of one client ([LO1]). It depends on AT lines only, so the dashboard imports it as well.
 */

/**
 * Maximum time by which a client's time counts as ahead of its receipt, in seconds. A constant of the protocol: servers with different
 * values would not agree on the newest location.
 */
export const maxCountedSkewSeconds = 60;

const PLUS = 43;

/** The times of an AT line. */
export interface AtTimes {
  /** The client's time. */
  readonly sent: Instant;
  /** When the first server received it, by that server's clock: the client's time plus the skew. May be before 1970. */
  readonly received: Instant;
  /** The time that determines the order: the earlier of the client's time and 60 s after its receipt. */
  readonly effective: Instant;
}

/**
 * Parses the times of an AT line. All arithmetic is on integers below 2^53, and exact for every line that matches `atSource`.
 *
 * @param bytes the bytes of the line; those from `timeStart` to `end` are the time field
 * @param skewStart start of the skew, which ends at `skewEnd`: a sign, whole seconds, a point and nine digits
 */
export function parseAtTimes(
  bytes: Uint8Array,
  { skewStart, skewEnd, timeStart, end }: { skewStart: number; skewEnd: number; timeStart: number; end: number },
): AtTimes {
  let point = timeStart;
  while (point < end && bytes[point] !== POINT) point += 1;
  const sent = { seconds: parseDigits(bytes, timeStart, point), nanoseconds: parseNanoseconds(bytes, point + 1, end) };
  const skewPoint = skewEnd - skewFractionLength;
  const skewSeconds = parseDigits(bytes, skewStart + 1, skewPoint);
  const skewNanoseconds = parseNanoseconds(bytes, skewPoint + 1, skewEnd);
  if (bytes[skewStart] === PLUS) {
    const received = normalizeInstant(sent.seconds + skewSeconds, sent.nanoseconds + skewNanoseconds);
    return { sent, received, effective: sent };
  }
  const received = normalizeInstant(sent.seconds - skewSeconds, sent.nanoseconds - skewNanoseconds);
  const latest = { seconds: received.seconds + maxCountedSkewSeconds, nanoseconds: received.nanoseconds };
  return { sent, received, effective: compareInstants(sent, latest) <= 0 ? sent : latest };
}

const POINT = 46;
const SPACE = 32;

/**
 * Parses when the server that received a report did so, by that server's clock, from the bytes of its AT line.
 *
 * @param start start of the line, which ends at `end`
 * @param clientStart start of the client ID
 */
export function parseReceiptTime(bytes: Uint8Array, start: number, clientStart: number, end: number): Instant {
  let skewStart = clientStart - 1;
  while (skewStart > start && bytes[skewStart - 1] !== SPACE) skewStart -= 1;
  let timeStart = end;
  while (timeStart > start && bytes[timeStart - 1] !== SPACE) timeStart -= 1;
  return parseAtTimes(bytes, { skewStart, skewEnd: clientStart - 1, timeStart, end }).received;
}

/** Length of the point and the nine digits of a skew. */
const skewFractionLength = 10;

/** Returns the instant of seconds and nanoseconds that may be out of range by up to one second. */
function normalizeInstant(seconds: number, nanoseconds: number): Instant {
  if (nanoseconds < 0) return { seconds: seconds - 1, nanoseconds: nanoseconds + NANOSECONDS_PER_SECOND };
  if (nanoseconds < NANOSECONDS_PER_SECOND) return { seconds, nanoseconds };
  return { seconds: seconds + 1, nanoseconds: nanoseconds - NANOSECONDS_PER_SECOND };
}

/**
 * Compares two AT lines of one client: returns a positive number if the first supersedes the second, 0 only for equal lines. The order
 * is by effective time, time, server, position, skew, and time as written.
 */
export function compareAtLines(a: ByteString, b: ByteString): number {
  if (a === b) return 0;
  const [first, second] = [parseAtFields(a), parseAtFields(b)];
  return (
    compareInstants(first.effective, second.effective) ||
    compareInstants(first.sent, second.sent) ||
    compareBytes(first.server, second.server) ||
    compareBytes(first.position, second.position) ||
    compareBytes(first.skew, second.skew) ||
    compareBytes(first.time, second.time)
  );
}

/** Fields of an AT line that decide the order, and its moments. */
export function parseAtFields(line: ByteString): AtTimes & Record<'server' | 'position' | 'skew' | 'time', ByteString> {
  const [prefix = '', server = '', skew = '', client = '', position = '', time = ''] = line.split(' ');
  const skewStart = prefix.length + 1 + server.length + 1;
  const skewEnd = skewStart + skew.length;
  const timeStart = skewEnd + 1 + client.length + 1 + position.length + 1;
  const bytes = Uint8Array.from(line, (character) => character.charCodeAt(0));
  return { ...parseAtTimes(bytes, { skewStart, skewEnd, timeStart, end: line.length }), server, skew, position, time };
}

function compareBytes(a: ByteString, b: ByteString): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
