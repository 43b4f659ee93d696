import { bytesOf, fieldsOf, type ByteString } from '../protocol/text/bytes.js';
import { isPosition, formatIsoPosition } from '../protocol/place/position.js';
import { formatSeconds, parseTime } from '../protocol/place/time.js';
import { HerdClientError } from './errors.js';
import type { Coordinates } from './herd-location.js';

/** When something was: POSIX seconds, as text where every digit counts, or a date. */
export type TimeLike = string | number | Date;

/**
 * The command that reports a client.
 * @throws HerdClientError where no line can say it
 */
export function formatIamat(client: string, position: Coordinates | string, time: TimeLike): ByteString {
  return `IAMAT ${clientField(client)} ${positionField(position)} ${timeField(time)}`;
}

/**
 * The command that asks what is near a client.
 * @throws HerdClientError where no line can say it
 */
export function formatWhatsat(client: string, radiusKm: number, count: number): ByteString {
  if (!(radiusKm >= 0 && radiusKm < 1e21))
    throw invalidArgument(`a radius is a number of kilometres from 0 on, not ${radiusKm}`);
  if (!(Number.isSafeInteger(count) && count >= 0))
    throw invalidArgument(`a count is a whole number from 0 on, not ${count}`);
  return `WHATSAT ${clientField(client)} ${formatSeconds(radiusKm)} ${count}`;
}

/**
 * The command that follows a client, or all of them.
 * @throws HerdClientError where no line can say it
 */
export function formatWatch(client: string | undefined): ByteString {
  return `WATCH ${client === undefined ? '*' : clientField(client)}`;
}

function clientField(client: string): ByteString {
  const bytes = bytesOf(client);
  const [field, ...more] = fieldsOf(bytes);
  if (field !== bytes || more.length > 0) {
    throw invalidArgument(`a client ID is one or more characters without white space, not ${JSON.stringify(client)}`);
  }
  return field;
}

function positionField(position: Coordinates | string): ByteString {
  const field = typeof position === 'string' ? position : formatIsoPosition(position.latitude, position.longitude);
  if (isPosition(field)) return field;
  throw invalidArgument(
    `a position has a latitude of -90 to 90 and a longitude of -180 to 180 degrees; this is ${field}`,
  );
}

function timeField(time: TimeLike): ByteString {
  const field = time instanceof Date ? dateField(time) : typeof time === 'number' ? formatSeconds(time) : time;
  if (parseTime(field) !== undefined) return field;
  throw invalidArgument(`a time is in POSIX seconds, as in 1353118103.108893381, not ${field}`);
}

/** A date has whole milliseconds, and a quotient of them may not. */
function dateField(date: Date): string {
  return (date.getTime() / 1_000).toFixed(3);
}

function invalidArgument(message: string): HerdClientError {
  return new HerdClientError('HERD_INVALID_ARGUMENT', message);
}
