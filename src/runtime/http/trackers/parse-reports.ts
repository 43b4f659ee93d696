import { formatIsoPosition } from '../../../protocol/place/position.js';
import type { z } from 'zod';
import { ownTracksBody, ownTracksIdentity, traccarBody, type osmAndFields } from './schemas.js';
import type { ReportInput } from '../api/report-ingest.js';

/** Why a request of a tracker contains no report. */
export interface ReportProblem {
  readonly problem: 'no-device' | 'no-location' | 'no-fix' | 'no-time';
  /** The client ID, if the request has one. */
  readonly client?: string | undefined;
}

export type TrackerReport = ReportInput | ReportProblem;

export type OsmAndFields = z.infer<typeof osmAndFields>;

/** Timestamps above this are milliseconds, as for Traccar's server. */
const maxSeconds = 2_147_483_647;

const invalidTime = Symbol('invalid time');
type InvalidTime = typeof invalidTime;

/** Joins names to a client ID. White space, which a client ID cannot contain, becomes underscores. */
function toClientId(...names: readonly string[]): string {
  return names.join('/').replace(/[\t-\r ]+/g, '_');
}

/**
 * Parses a message of OwnTracks in HTTP mode (https://owntracks.org/booklet/tech/http/). The client is taken from headers or query
 * (`user` and `device`), the topic, or the tracker ID, in this order.
 */
export function parseOwnTracks(
  body: unknown,
  { user, device }: { user?: string | undefined; device?: string | undefined },
): TrackerReport {
  const identity = ownTracksIdentity.safeParse(body).data;
  const client = ownTracksClient(user, device, identity?.topic, identity?.tid);
  const { data } = ownTracksBody.safeParse(body);
  if (data === undefined) return { problem: 'no-location', client };
  if (client === undefined) return { problem: 'no-device' };
  const { lat, lon, tst } = data;
  return { client, position: formatIsoPosition(lat, lon), time: tst === undefined ? undefined : formatSeconds(tst) };
}

function ownTracksClient(
  user: string | undefined,
  device: string | undefined,
  topic: string | undefined,
  tid: string | undefined,
): string | undefined {
  if (user !== undefined && user !== '')
    return toClientId(user, ...(device === undefined || device === '' ? [] : [device]));
  if (topic !== undefined) {
    const [, ...names] = topic.split('/').filter((name) => name !== '');
    if (names.length > 0) return toClientId(...names);
  }
  return tid !== undefined && tid !== '' ? toClientId(tid) : undefined;
}

/** Parses a query or form of OsmAnd, GPSLogger, or Traccar Client before version 9 (https://www.traccar.org/osmand/). */
export function parseOsmAnd(fields: OsmAndFields): TrackerReport {
  const id = fields.id ?? fields.deviceid ?? '';
  if (id === '') return { problem: 'no-device' };
  const [latitude, longitude] = parseCoordinates(fields);
  if (latitude === undefined || longitude === undefined) return { problem: 'no-location', client: toClientId(id) };
  const { timestamp } = fields;
  const time = timestamp === undefined || timestamp === '' ? undefined : parseTimestamp(timestamp);
  return buildReport(id, latitude, longitude, time);
}

/** Parses JSON of Traccar Client since version 9. */
export function parseTraccar(body: unknown): TrackerReport {
  const { data } = traccarBody.safeParse(body);
  if (data === undefined) return { problem: 'no-device' };
  const client = String(data.device_id);
  if (data.location === undefined) return { problem: 'no-location', client: toClientId(client) };
  const { coords, timestamp } = data.location;
  const time = timestamp === undefined ? undefined : parseTimestamp(String(timestamp));
  return buildReport(client, coords.latitude, coords.longitude, time);
}

/** Builds a report. A position of 0, 0 is that of a phone without a fix. */
function buildReport(
  id: string,
  latitude: number,
  longitude: number,
  time: string | InvalidTime | undefined,
): TrackerReport {
  const client = toClientId(id);
  if (time === invalidTime) return { problem: 'no-time', client };
  if (latitude === 0 && longitude === 0) return { problem: 'no-fix', client };
  return { client, position: formatIsoPosition(latitude, longitude), time };
}

function parseCoordinates(fields: OsmAndFields): (number | undefined)[] {
  const texts = fields.location?.split(',') ?? [fields.lat, fields.lon];
  return [texts[0], texts[1]].map((text) => {
    const degrees = text === undefined || text.trim() === '' ? NaN : Number(text);
    return Number.isFinite(degrees) ? degrees : undefined;
  });
}

/** Parses a timestamp in seconds, milliseconds or ISO 8601, and returns POSIX seconds. */
function parseTimestamp(timestamp: string): string | InvalidTime {
  if (/^\d+(\.\d+)?$/.test(timestamp)) {
    const number = Number(timestamp);
    return number < maxSeconds ? timestamp : formatSeconds(number / 1_000);
  }
  // A plus sign that was not escaped in a query has become a space.
  const dateMs = Date.parse(timestamp.trim().replace(' ', timestamp.includes('T') ? '+' : 'T'));
  return Number.isNaN(dateMs) || dateMs < 0 ? invalidTime : formatSeconds(dateMs / 1_000);
}

/** Formats seconds without an exponent. */
function formatSeconds(seconds: number): string {
  return seconds.toFixed(3).replace(/\.?0+$/, '');
}
