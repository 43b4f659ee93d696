import { textOf } from '../../../protocol/text/bytes.js';
import type { Location } from '../../../protocol/place/location.js';
import { parsePosition } from '../../../protocol/place/position.js';

/** A location as HTTP tells it. A client ID that is no UTF-8 stands there with U+FFFD for what is not. */
export interface LocationJson {
  readonly client: string;
  /** The server that first got it. */
  readonly server: string;
  /** Latitude and longitude in degrees, north and east positive. */
  readonly position: readonly [latitude: number, longitude: number];
  /** POSIX seconds, as the client wrote them. */
  readonly time: string;
  /** The whole AT line. */
  readonly line: string;
}

export function toLocationJson(location: Location): LocationJson {
  const { client, server, time, line } = location;
  return { client: textOf(client), server, position: coordinatesOf(location), time, line: textOf(line) };
}

/** Latitude and longitude as numbers; what digits a double has no room for are in the line. */
export function coordinatesOf({ position }: Location): [latitude: number, longitude: number] {
  const { latitude = '', longitude = '' } = parsePosition(position) ?? {};
  return [Number(latitude), Number(longitude)];
}
