import { isoPositionOf } from '../../protocol/position.js';
import type { Reported } from './reception.js';

/** Why a phone app has said nothing of where it is. */
export interface NoReport {
  readonly problem: 'no device' | 'no location' | 'no fix' | 'no time';
  /** Whose it is, as far as it says. */
  readonly client?: string | undefined;
}

/** What a phone app says, as a report; or why there is none in it. */
export type PhoneReport = Reported | NoReport;

/** What an app says in one request: names and values, as texts. */
export type PhoneFields = ReadonlyMap<string, string>;

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
  const { _type: type, lat, lon, tst, topic, tid } = (body ?? {}) as Record<string, unknown>;
  const client = clientOf(user, device, topic, tid);
  if (type !== 'location' || typeof lat !== 'number' || typeof lon !== 'number')
    return { problem: 'no location', client };
  if (client === undefined) return { problem: 'no device' };
  return { client, position: isoPositionOf(lat, lon), time: typeof tst === 'number' ? plain(tst) : undefined };
}

function clientOf(
  user: string | undefined,
  device: string | undefined,
  topic: unknown,
  tid: unknown,
): string | undefined {
  if (user !== undefined && user !== '')
    return asClient(user, ...(device === undefined || device === '' ? [] : [device]));
  if (typeof topic === 'string') {
    const [, ...names] = topic.split('/').filter((name) => name !== '');
    if (names.length > 0) return asClient(...names);
  }
  return typeof tid === 'string' && tid !== '' ? asClient(tid) : undefined;
}

/** What OsmAnd, Traccar Client before 9 and GPSLogger say: a query or a form (https://www.traccar.org/osmand/). */
export function readOsmAnd(fields: PhoneFields): PhoneReport {
  const id = fields.get('id') ?? fields.get('deviceid') ?? '';
  if (id === '') return { problem: 'no device' };
  const [latitude, longitude] = placeIn(fields);
  if (latitude === undefined || longitude === undefined) return { problem: 'no location', client: asClient(id) };
  const timestamp = fields.get('timestamp');
  const time = timestamp === undefined || timestamp === '' ? undefined : timeOf(timestamp);
  return located(id, latitude, longitude, time);
}

/** What Traccar Client says since version 9. */
export function readTraccar(body: unknown): PhoneReport {
  const { location, device_id: id } = (body ?? {}) as { location?: Record<string, unknown>; device_id?: unknown };
  if ((typeof id !== 'string' && typeof id !== 'number') || id === '') return { problem: 'no device' };
  const { latitude, longitude } = (location?.['coords'] ?? {}) as Record<string, unknown>;
  const client = String(id);
  if (typeof latitude !== 'number' || typeof longitude !== 'number') {
    return { problem: 'no location', client: asClient(client) };
  }
  const timestamp = location?.['timestamp'];
  const isStamp = typeof timestamp === 'string' || typeof timestamp === 'number';
  const time = isStamp ? timeOf(String(timestamp)) : undefined;
  return located(client, latitude, longitude, time);
}

/** Where nobody is, a phone without a fix says it is. */
function located(id: string, latitude: number, longitude: number, time: string | Unreadable | undefined): PhoneReport {
  const client = asClient(id);
  if (time === unreadable) return { problem: 'no time', client };
  if (latitude === 0 && longitude === 0) return { problem: 'no fix', client };
  return { client, position: isoPositionOf(latitude, longitude), time };
}

function placeIn(fields: PhoneFields): (number | undefined)[] {
  const both = fields.get('location')?.split(',') ?? [fields.get('lat'), fields.get('lon')];
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
