import { asClientId, asServerId, type ServerId } from '../../src/protocol/place/ids.js';
import { locationFromReport, type Location } from '../../src/protocol/place/location.js';

/** A server's name, known to be one. */
export function toServerId(name: string): ServerId {
  const id = asServerId(name);
  if (id === undefined) throw new Error(`${name} is no server's name`);
  return id;
}

/** Where a client said it was at a second. */
export function createLocation(client: string, seconds: number, server = 'Blake'): Location {
  const position = '+34.068930-118.445127';
  const report = { client: asClientId(client), position, time: String(seconds), instant: { seconds, nanoseconds: 0 } };
  return locationFromReport(report, toServerId(server), '+0.100000000');
}
