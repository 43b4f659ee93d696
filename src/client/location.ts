import { textOf, type ByteString } from '../protocol/text/bytes.js';
import { parseAt, type Location } from '../protocol/place/location.js';
import { parsePosition } from '../protocol/place/position.js';
import { HerdClientError } from './errors.js';

/** Position on Earth in decimal degrees. */
export interface Coordinates {
  /** -90 to 90, north positive. */
  readonly latitude: number;
  /** -180 to 180, east positive. */
  readonly longitude: number;
}

/** Location of a client: where it was, when, and which server received the report. */
export interface HerdLocation {
  /** ID of the client. Bytes that are not valid UTF-8 are U+FFFD here. */
  readonly client: string;
  /** Position, rounded to the precision of a number; `line` has every digit. */
  readonly position: Coordinates;
  /** Time of the report in POSIX seconds, as the client wrote it: a string, since a number does not hold nanoseconds. */
  readonly time: string;
  /** Name of the server that received the report. */
  readonly server: string;
  /** Time at which that server received the report minus `time`, in seconds, signed, to the nanosecond: `+0.563873386`. */
  readonly skew: string;
  /** Complete AT line. */
  readonly line: string;
}

/** Converts a location to the form in which the package API returns it. */
export function toHerdLocation({ client, position, time, server, skew, line }: Location): HerdLocation {
  const { latitude = '', longitude = '' } = parsePosition(position) ?? {};
  const coordinates = { latitude: Number(latitude), longitude: Number(longitude) };
  return { client: textOf(client), position: coordinates, time, server, skew, line: textOf(line) };
}

/**
 * Parses an AT line.
 * @throws HerdClientError with `HERD_PROTOCOL_ERROR` if it is anything else
 */
export function parseHerdLocation(line: ByteString): HerdLocation {
  const location = parseAt(line);
  if (location === undefined) throw new HerdClientError('HERD_PROTOCOL_ERROR', `unexpected response: ${textOf(line)}`);
  return toHerdLocation(location);
}
