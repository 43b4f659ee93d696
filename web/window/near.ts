import { ask } from './conversation.js';
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
  readonly error?: unknown;
  readonly error_message?: string;
}

/** What is near a client, and the line that was asked. */
export interface Found {
  readonly at: string;
  readonly things: readonly Nearby[];
}

/**
 * Asks a server with WHATSAT.
 * @throws with the server's or the upstream's own words, if there is nothing to show
 */
export async function near(httpUrl: string, command: string): Promise<Found> {
  const answer = await ask(httpUrl, command);
  const end = answer.indexOf('\n');
  if (end < 0) throw new Error(answer);
  const told = JSON.parse(answer.slice(end + 1)) as UpstreamAnswer;
  if (told.results === undefined || told.error !== undefined) {
    const words = told.error ?? told.error_message;
    throw new Error(typeof words === 'string' ? words : answer.slice(end + 1, end + 200));
  }
  return { at: answer.slice(0, end), things: told.results.map(nearbyOf) };
}

function nearbyOf(thing: UpstreamThing): Nearby {
  const title = thing.name ?? thing.from_user_name ?? thing.from_user ?? 'nameless';
  const [latitude, longitude] = thing.geo?.coordinates ?? [];
  const position = pair(latitude, longitude) ?? pair(thing.geometry?.location?.lat, thing.geometry?.location?.lng);
  return { title, text: thing.text ?? thing.vicinity ?? '', position };
}

function pair(latitude?: number, longitude?: number): readonly [number, number] | undefined {
  return latitude === undefined || longitude === undefined ? undefined : [latitude, longitude];
}
