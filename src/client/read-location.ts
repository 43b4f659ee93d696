import { textOf, type ByteString } from '../protocol/text/bytes.js';
import { parseAt, type Location } from '../protocol/place/location.js';
import { parsePosition } from '../protocol/place/position.js';
import { HerdClientError } from './errors.js';
import type { HerdLocation } from './herd-location.js';

/** A location as programs that use Herd get it. */
export function toHerdLocation({ client, position, time, server, skew, line }: Location): HerdLocation {
  const { latitude = '', longitude = '' } = parsePosition(position) ?? {};
  const coordinates = { latitude: Number(latitude), longitude: Number(longitude) };
  return { client: textOf(client), position: coordinates, time, server, skew, line: textOf(line) };
}

/**
 * The location of an AT line.
 * @throws HerdClientError if it is none
 */
export function parseHerdLocation(line: ByteString): HerdLocation {
  const location = parseAt(line);
  if (location === undefined) {
    throw new HerdClientError('HERD_PROTOCOL_ERROR', `what answers is no server of a herd: it says ${textOf(line)}`);
  }
  return toHerdLocation(location);
}
