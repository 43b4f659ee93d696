import { queryOnce } from '../data/socket-session.js';
import { positionOf } from '../data/at-line.js';
import type { Position } from '../data/circle.js';
import type { NearbyPlace } from '../data/selection.js';

/** Displayed fields of an upstream result: a post (Twitter search, X) or a place. */
interface UpstreamResult {
  readonly text?: string;
  readonly from_user_name?: string;
  readonly from_user?: string;
  readonly name?: string;
  readonly vicinity?: string;
  readonly geo?: { readonly coordinates?: readonly number[] } | null;
  readonly geometry?: { readonly location?: { readonly lat?: number; readonly lng?: number } };
}

interface UpstreamResponse {
  readonly results?: readonly UpstreamResult[];
  /** For example that the upstream has reduced the radius. */
  readonly warning?: unknown;
  readonly info_messages?: unknown;
  /** HTML that must be shown with the results (Google Places). */
  readonly html_attributions?: unknown;
  readonly error?: unknown;
  readonly error_message?: string;
}

/** Note on the results, such as a warning or an attribution. */
export interface Note {
  readonly text: string;
  /** Link target, if any. */
  readonly url: string | undefined;
}

/** Result of a WHATSAT query. */
export interface NearbyResponse {
  /** Position of the client; undefined if the response lacks it. */
  readonly centre: Position | undefined;
  readonly places: readonly NearbyPlace[];
  readonly notes: readonly Note[];
}

/**
 * Sends a WHATSAT command.
 * @throws with the message of the server or the upstream if there are no results
 */
export async function queryNearby(httpUrl: string, command: string): Promise<NearbyResponse> {
  const answer = await queryOnce(httpUrl, command);
  const end = answer.indexOf('\n');
  if (end < 0) throw new Error(answer);
  const response = JSON.parse(answer.slice(end + 1)) as UpstreamResponse;
  if (response.results === undefined || response.error !== undefined) {
    const message = response.error ?? response.error_message;
    throw new Error(typeof message === 'string' ? message : answer.slice(end + 1, end + 200));
  }
  const plainNotes = [...stringsIn([response.warning]), ...stringsIn(response.info_messages)].map((text) => ({
    text,
    url: undefined,
  }));
  const notes = [...plainNotes, ...stringsIn(response.html_attributions).map(parseAttribution)];
  return { centre: positionOf(answer.slice(0, end)), places: response.results.map(toNearby), notes };
}

function stringsIn(list: unknown): readonly string[] {
  return Array.isArray(list) ? list.filter((text) => typeof text === 'string') : [];
}

/** Text and first link of an HTML fragment. All other markup is untrusted and dropped. */
function parseAttribution(html: string): Note {
  const { body } = new DOMParser().parseFromString(html, 'text/html');
  const url = body.querySelector('a')?.getAttribute('href') ?? '';
  return { text: body.textContent.trim(), url: /^https?:\/\//i.test(url) ? url : undefined };
}

function toNearby(result: UpstreamResult): NearbyPlace {
  const title = result.name ?? result.from_user_name ?? result.from_user ?? '(unnamed)';
  const [latitude, longitude] = result.geo?.coordinates ?? [];
  const position =
    toPosition(latitude, longitude) ?? toPosition(result.geometry?.location?.lat, result.geometry?.location?.lng);
  return { title, text: result.text ?? result.vicinity ?? '', position };
}

function toPosition(latitude?: number, longitude?: number): Position | undefined {
  return latitude === undefined || longitude === undefined ? undefined : [latitude, longitude];
}
