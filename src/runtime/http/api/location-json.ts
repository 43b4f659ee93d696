import type { Location } from '../../../protocol/place/location.js';
import { parsePosition } from '../../../protocol/place/position.js';
import { textOf } from '../../../protocol/text/bytes.js';
import type { LocationJson } from './api-types.js';

export function toLocationJson(location: Location): LocationJson {
  const { client, server, time, line } = location;
  return { client: textOf(client), server, position: coordinatesOf(location), time, line: textOf(line) };
}

/** Latitude and longitude in degrees. Digits beyond the precision of a double are in the line only. */
export function coordinatesOf({ position }: Location): [latitude: number, longitude: number] {
  const { latitude = '', longitude = '' } = parsePosition(position) ?? {};
  return [Number(latitude), Number(longitude)];
}
