import { isoPositionOf } from '../../../protocol/place/position.js';
import type { z } from 'zod';
import { ownTracksBody, ownTracksNames, traccarBody, type osmAndFields } from './tracker-schemas.js';
import type { Reported } from '../api/report-ingest.js';

/** Why a phone app has said nothing of where it is. */
export interface NoReport {
  readonly problem: 'no device' | 'no location' | 'no fix' | 'no time';
  /** Whose it is, as far as it says. */
  readonly client?: string | undefined;
}

/** What a phone app says, as a report; or why there is none in it. */
export type PhoneReport = Reported | NoReport;

/** What an app says in one request: names and values, as texts. */
export type PhoneFields = z.infer<typeof osmAndFields>;

/** Timestamps above this are milliseconds: so does Traccar's server. */
const secondsMax = 2_147_483_647;

/** What a timestamp is that nobody understands. */
const unreadable = Symbol('unreadable');
type Unreadable = typeof unreadable;

/** A name as a client ID: an app's names may have white space, which separates fields. */
function asClient(...names: readonly string[]): string {
  return names.join('/').replace(/[\t-\r ]+/g, '_');
}

/**
 * What OwnTracks says in HTTP mode (https://owntracks.org/booklet/tech/http/): who it is stands in headers, the query, the
 * topic, or its initials.
 */
export function readOwnTracks(
  body: unknown,
  { user, device }: { user?: string | undefined; device?: string | undefined },
): PhoneReport {
  const named = ownTracksNames.safeParse(body).data;
  const client = clientOf(user, device, named?.topic, named?.tid);
  const { data } = ownTracksBody.safeParse(body);
  if (data === undefined) return { problem: 'no location', client };
  if (client === undefined) return { problem: 'no device' };
  const { lat, lon, tst } = data;
  return { client, position: isoPositionOf(lat, lon), time: tst === undefined ? undefined : plain(tst) };
}

function clientOf(
  user: string | undefined,
  device: string | undefined,
  topic: string | undefined,
  tid: string | undefined,
): string | undefined {
  if (user !== undefined && user !== '')
    return asClient(user, ...(device === undefined || device === '' ? [] : [device]));
  if (topic !== undefined) {
    const [, ...names] = topic.split('/').filter((name) => name !== '');
    if (names.length > 0) return asClient(...names);
  }
  return tid !== undefined && tid !== '' ? asClient(tid) : undefined;
}

/** What OsmAnd, Traccar Client before 9 and GPSLogger say: a query or a form (https://www.traccar.org/osmand/). */
export function readOsmAnd(fields: PhoneFields): PhoneReport {
  const id = fields.id ?? fields.deviceid ?? '';
  if (id === '') return { problem: 'no device' };
  const [latitude, longitude] = placeIn(fields);
  if (latitude === undefined || longitude === undefined) return { problem: 'no location', client: asClient(id) };
  const { timestamp } = fields;
  const time = timestamp === undefined || timestamp === '' ? undefined : timeOf(timestamp);
  return located(id, latitude, longitude, time);
}

/** What Traccar Client says since version 9. */
export function readTraccar(body: unknown): PhoneReport {
  const { data } = traccarBody.safeParse(body);
  if (data === undefined) return { problem: 'no device' };
  const client = String(data.device_id);
  if (data.location === undefined) return { problem: 'no location', client: asClient(client) };
  const { coords, timestamp } = data.location;
  const time = timestamp === undefined ? undefined : timeOf(String(timestamp));
  return located(client, coords.latitude, coords.longitude, time);
}

/** Where nobody is, a phone without a fix says it is. */
function located(id: string, latitude: number, longitude: number, time: string | Unreadable | undefined): PhoneReport {
  const client = asClient(id);
  if (time === unreadable) return { problem: 'no time', client };
  if (latitude === 0 && longitude === 0) return { problem: 'no fix', client };
  return { client, position: isoPositionOf(latitude, longitude), time };
}

function placeIn(fields: PhoneFields): (number | undefined)[] {
  const both = fields.location?.split(',') ?? [fields.lat, fields.lon];
  return [both[0], both[1]].map((text) => {
    const degrees = text === undefined || text.trim() === '' ? NaN : Number(text);
    return Number.isFinite(degrees) ? degrees : undefined;
  });
}

/** A timestamp in seconds, milliseconds or ISO 8601 as POSIX seconds. */
function timeOf(timestamp: string): string | Unreadable {
  if (/^\d+(\.\d+)?$/.test(timestamp)) {
    const number = Number(timestamp);
    return number < secondsMax ? timestamp : plain(number / 1_000);
  }
  // A plus sign in a query that was not escaped has become a space.
  const dateMs = Date.parse(timestamp.trim().replace(' ', timestamp.includes('T') ? '+' : 'T'));
  return Number.isNaN(dateMs) || dateMs < 0 ? unreadable : plain(dateMs / 1_000);
}

/** Seconds without an exponent. */
function plain(seconds: number): string {
  return seconds.toFixed(3).replace(/\.?0+$/, '');
}
