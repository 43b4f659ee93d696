import { isoPositionOf } from '../../protocol/position.js';
import type { z } from 'zod';
import { ownTracksBody, traccarBody, type osmAndFields } from './phone-schemas.js';
import type { Reported } from './reception.js';

/** What a phone app says, as a report; or why there is none in it. */
export type PhoneReport = Reported | 'no location' | 'no device';

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
  const { data } = ownTracksBody.safeParse(body);
  if (data === undefined) return 'no location';
  const { lat, lon, tst, topic, tid } = data;
  const client = clientOf(user, device, topic, tid);
  if (client === undefined) return 'no device';
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
  if (id === '') return 'no device';
  const [latitude, longitude] = placeIn(fields);
  if (latitude === undefined || longitude === undefined) return 'no location';
  const { timestamp } = fields;
  const time = timestamp === undefined || timestamp === '' ? undefined : timeOf(timestamp);
  if (time === unreadable) return 'no location';
  return located(id, latitude, longitude, time);
}

/** What Traccar Client says since version 9. */
export function readTraccar(body: unknown): PhoneReport {
  const { data } = traccarBody.safeParse(body);
  if (data === undefined) return 'no device';
  if (data.location === undefined) return 'no location';
  const { coords, timestamp } = data.location;
  const time = timestamp === undefined ? undefined : timeOf(String(timestamp));
  return time === unreadable ? 'no location' : located(String(data.device_id), coords.latitude, coords.longitude, time);
}

/** Where nobody is, a phone without a fix says it is. */
function located(id: string, latitude: number, longitude: number, time: string | undefined): PhoneReport {
  if (latitude === 0 && longitude === 0) return 'no location';
  return { client: asClient(id), position: isoPositionOf(latitude, longitude), time };
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
