import { bytesOf, fieldsOf, type ByteString } from '../protocol/text/bytes.js';
import { isPosition, formatIsoPosition } from '../protocol/place/position.js';
import { formatSeconds, parseTime } from '../protocol/place/time.js';
import { HerdClientError } from './errors.js';
import type { Coordinates } from './location.js';

/** Point in time: POSIX seconds as a number, or as a string to keep every digit; or a Date. */
export type TimeLike = string | number | Date;

/**
 * Formats the command that reports a location.
 * @throws HerdClientError with `HERD_INVALID_ARGUMENT`
 */
export function formatIamat(client: string, position: Coordinates | string, time: TimeLike): ByteString {
  return `IAMAT ${clientField(client)} ${positionField(position)} ${timeField(time)}`;
}

/**
 * Formats the command that queries what is near a client.
 * @throws HerdClientError with `HERD_INVALID_ARGUMENT`
 */
export function formatWhatsat(client: string, radiusKm: number, count: number): ByteString {
  if (!(radiusKm >= 0 && radiusKm < 1e21))
    throw invalidArgument(`invalid radius ${radiusKm}: expected kilometres, 0 or more`);
  if (!(Number.isSafeInteger(count) && count >= 0))
    throw invalidArgument(`invalid count ${count}: expected an integer, 0 or more`);
  return `WHATSAT ${clientField(client)} ${formatSeconds(radiusKm)} ${count}`;
}

/**
 * Formats the command that follows a client, or all clients if it is undefined.
 * @throws HerdClientError with `HERD_INVALID_ARGUMENT`
 */
export function formatWatch(client: string | undefined): ByteString {
  return `WATCH ${client === undefined ? '*' : clientField(client)}`;
}

function clientField(client: string): ByteString {
  const bytes = bytesOf(client);
  const [field, ...more] = fieldsOf(bytes);
  if (field !== bytes || more.length > 0) {
    throw invalidArgument(`invalid client ID ${JSON.stringify(client)}: expected one word without white space`);
  }
  return field;
}

function positionField(position: Coordinates | string): ByteString {
  const field = typeof position === 'string' ? position : formatIsoPosition(position.latitude, position.longitude);
  if (isPosition(field)) return field;
  throw invalidArgument(
    `invalid position ${field}: expected a latitude from -90 to 90 and a longitude from -180 to 180 degrees`,
  );
}

function timeField(time: TimeLike): ByteString {
  const field = time instanceof Date ? dateField(time) : typeof time === 'number' ? formatSeconds(time) : time;
  if (parseTime(field) !== undefined) return field;
  throw invalidArgument(`invalid time ${field}: expected POSIX seconds, such as 1353118103.108893381`);
}

/** Formats a date with exactly the milliseconds that it has. */
function dateField(date: Date): string {
  return (date.getTime() / 1_000).toFixed(3);
}

function invalidArgument(message: string): HerdClientError {
  return new HerdClientError('HERD_INVALID_ARGUMENT', message);
}
