import { ask } from '../data/socket-session.js';
import { positionIn } from '../data/at-line.js';
import type { Position } from '../map/circle.js';
import type { Nearby } from './selection.js';

/** The parts of an upstream's answer that are shown: posts of Twitter's search or X, or places. */
interface UpstreamThing {
  readonly text?: string;
  readonly from_user_name?: string;
  readonly from_user?: string;
  readonly name?: string;
  readonly vicinity?: string;
  readonly geo?: { readonly coordinates?: readonly number[] } | null;
  readonly geometry?: { readonly location?: { readonly lat?: number; readonly lng?: number } };
}

interface UpstreamAnswer {
  readonly results?: readonly UpstreamThing[];
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
export interface NearAnswer {
  /** Where the client was; undefined where the server did not say. */
  readonly centre: Position | undefined;
  readonly things: readonly Nearby[];
  readonly notes: readonly Note[];
}

/**
 * Asks a server with WHATSAT.
 * @throws with the server's or the upstream's own words, if there is nothing to show
 */
export async function near(httpUrl: string, command: string): Promise<NearAnswer> {
  const answer = await ask(httpUrl, command);
  const end = answer.indexOf('\n');
  if (end < 0) throw new Error(answer);
  const told = JSON.parse(answer.slice(end + 1)) as UpstreamAnswer;
  if (told.results === undefined || told.error !== undefined) {
    const words = told.error ?? told.error_message;
    throw new Error(typeof words === 'string' ? words : answer.slice(end + 1, end + 200));
  }
  const plain = [...textsIn([told.warning]), ...textsIn(told.info_messages)].map((text) => ({ text, url: undefined }));
  const notes = [...plain, ...textsIn(told.html_attributions).map(attribution)];
  return { centre: positionIn(answer.slice(0, end)), things: told.results.map(nearbyOf), notes };
}

function textsIn(list: unknown): readonly string[] {
  return Array.isArray(list) ? list.filter((text) => typeof text === 'string') : [];
}

/** The text of some HTML, and the first link in it: what else is in it comes from strangers, and is dropped. */
function attribution(html: string): Note {
  const { body } = new DOMParser().parseFromString(html, 'text/html');
  const url = body.querySelector('a')?.getAttribute('href') ?? '';
  return { text: body.textContent.trim(), url: /^https?:\/\//i.test(url) ? url : undefined };
}

function nearbyOf(thing: UpstreamThing): Nearby {
  const title = thing.name ?? thing.from_user_name ?? thing.from_user ?? 'nameless';
  const [latitude, longitude] = thing.geo?.coordinates ?? [];
  const position = pair(latitude, longitude) ?? pair(thing.geometry?.location?.lat, thing.geometry?.location?.lng);
  return { title, text: thing.text ?? thing.vicinity ?? '', position };
}

function pair(latitude?: number, longitude?: number): Position | undefined {
  return latitude === undefined || longitude === undefined ? undefined : [latitude, longitude];
}
