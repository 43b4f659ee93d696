import { escapeHtml, formatJsonObject } from './text.js';
import { isObject } from './response.js';

type Fields = Readonly<Record<string, unknown>>;

/** Whether a text is an ID: a 64-bit number, which is copied into JSON digit by digit. */
export function isId(text: unknown): text is string {
  return typeof text === 'string' && /^(?:0|[1-9]\d{0,19})$/.test(text);
}

/**
 * Converts a post of the X API v2 to the format of the Twitter Search API v1.0, with its order of fields.
 * @param includes the `includes` of the same response, which hold the users
 * @returns JSON; undefined if the value is not a post
 */
export function formatXPost(post: Fields, includes: Fields): string | undefined {
  const { id, author_id: authorId, text } = post;
  if (!isId(id) || typeof text !== 'string') return undefined;
  const userId = isId(authorId) ? authorId : '0';
  const user = findUser(includes, userId);
  const image = stringOr(user['profile_image_url'], '');
  return formatJsonObject({
    from_user_id_str: JSON.stringify(userId),
    profile_image_url: JSON.stringify(image),
    created_at: JSON.stringify(formatDate(post['created_at'])),
    from_user: JSON.stringify(stringOr(user['username'], '')),
    from_user_name: JSON.stringify(stringOr(user['name'], '')),
    location: JSON.stringify(stringOr(user['location'], '')),
    id_str: JSON.stringify(id),
    metadata: JSON.stringify({ result_type: 'recent' }),
    to_user_id: 'null',
    text: JSON.stringify(text),
    id,
    from_user_id: userId,
    geo: JSON.stringify(toGeo(post['geo'])),
    iso_language_code: JSON.stringify(toLanguageCode(post['lang'])),
    to_user_id_str: 'null',
    source: JSON.stringify(escapeHtml(stringOr(post['source'], ''))),
  });
}

function findUser({ users }: Fields, id: string): Fields {
  const user: unknown = Array.isArray(users) ? users.find((entry) => isObject(entry) && entry['id'] === id) : undefined;
  return isObject(user) ? user : {};
}

/** Converts `2026-11-20T10:00:00.000Z` to `Fri, 20 Nov 2026 10:00:00 +0000`. */
function formatDate(iso: unknown): string {
  const date = new Date(stringOr(iso, ''));
  return Number.isNaN(date.getTime()) ? '' : date.toUTCString().replace('GMT', '+0000');
}

/** Converts a GeoJSON point of v2 to one of v1.0, which has the latitude first. */
function toGeo(geo: unknown): object | null {
  const point = isObject(geo) ? geo['coordinates'] : undefined;
  const pair: unknown = isObject(point) && point['type'] === 'Point' ? point['coordinates'] : undefined;
  if (!Array.isArray(pair) || !pair.every((coordinate) => Number.isFinite(coordinate)) || pair.length !== 2)
    return null;
  return { type: 'Point', coordinates: [pair[1], pair[0]] };
}

/** Language code of v1.0. For an unknown language v2 says `und`; v1.0 took the user's, most often English. */
function toLanguageCode(language: unknown): string {
  const code = stringOr(language, 'und');
  return code === 'und' ? 'en' : code;
}

function stringOr(value: unknown, fallback: string): string {
  return typeof value === 'string' ? value : fallback;
}
