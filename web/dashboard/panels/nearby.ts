import { queryOnce } from '../data/socket-session.js';
import { parsePosition } from '../data/at-line.js';
import type { Position } from '../map/circle.js';
import type { Nearby } from './selection.js';

/** The parts of an upstream's answer that are shown: posts of Twitter's search or X, or places. */
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
  /** What the upstream says besides, such as that it has cut the radius. */
  readonly warning?: unknown;
  readonly info_messages?: unknown;
  /** HTML that whoever shows the results must show. */
  readonly html_attributions?: unknown;
  readonly error?: unknown;
  readonly error_message?: string;
}

/** Something that an answer says of itself. */
export interface Note {
  readonly text: string;
  /** Where the text leads to; undefined: nowhere. */
  readonly url: string | undefined;
}

/** What is near a client. */
export interface NearbyResponse {
  /** Where the client was; undefined where the server did not say. */
  readonly centre: Position | undefined;
  readonly places: readonly Nearby[];
  readonly notes: readonly Note[];
}

/**
 * Asks a server with WHATSAT.
 * @throws with the server's or the upstream's own words, if there is nothing to show
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
  return { centre: parsePosition(answer.slice(0, end)), places: response.results.map(toNearby), notes };
}

function stringsIn(list: unknown): readonly string[] {
  return Array.isArray(list) ? list.filter((text) => typeof text === 'string') : [];
}

/** The text of some HTML, and the first link in it: what else is in it comes from strangers, and is dropped. */
function parseAttribution(html: string): Note {
  const { body } = new DOMParser().parseFromString(html, 'text/html');
  const url = body.querySelector('a')?.getAttribute('href') ?? '';
  return { text: body.textContent.trim(), url: /^https?:\/\//i.test(url) ? url : undefined };
}

function toNearby(result: UpstreamResult): Nearby {
  const title = result.name ?? result.from_user_name ?? result.from_user ?? 'nameless';
  const [latitude, longitude] = result.geo?.coordinates ?? [];
  const position =
    toPosition(latitude, longitude) ?? toPosition(result.geometry?.location?.lat, result.geometry?.location?.lng);
  return { title, text: result.text ?? result.vicinity ?? '', position };
}

function toPosition(latitude?: number, longitude?: number): Position | undefined {
  return latitude === undefined || longitude === undefined ? undefined : [latitude, longitude];
}
