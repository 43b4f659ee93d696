import { textOf } from '../protocol/text/bytes.js';
import { UpstreamError } from '../protocol/upstream/errors.js';
import type { NearbyQuery, Upstream } from '../protocol/upstream/upstream.js';
import { formatDecimal, formatDegrees } from './text.js';
import { radiusWarning, isObject, parseJsonObject, excerpt } from './response.js';
import { searchResponse, searchError } from './search-response.js';
import type { Secret } from './secret.js';
import { redactKey } from './redact-key.js';
import { isId, formatXPost } from './x-post.js';

/** The API accepts 10 to 100; each returned post is charged. */
const maxCount = 100;
const minRequestedCount = 10;

/** The API's maximum of 25 miles. */
const maxRadiusKm = 40;
/** The API rejects a radius of 0. */
const minRadiusKm = 0.01;
const radiusKmFractionDigits = 3;

/** Settings of the X API upstream. */
export interface XOptions {
  /** The part before `/2/tweets/search/recent`. */
  readonly baseUrl: string;
  readonly key: Secret;
  /** Name of the parameter that lists a post's fields: the API's documentation uses both. */
  readonly fieldsParameter: 'tweet.fields' | 'post.fields';
}

/** Creates an upstream for the recent search of the X API v2. Answers have the format of the Twitter Search API v1.0. */
export function xSearch({ baseUrl, key, fieldsParameter }: XOptions): Upstream {
  const endpoint = `${baseUrl.replace(/\/+$/, '')}/2/tweets/search/recent`;
  const upstream: Upstream = {
    maxCount,
    maxRadiusKm,
    units: requestedCount,

    request(nearbyQuery) {
      const { latitude, longitude } = nearbyQuery;
      const query = new URLSearchParams({
        query: `point_radius:[${formatDegrees(longitude)} ${formatDegrees(latitude)} ${formatRadius(nearbyQuery)}]`,
        max_results: String(requestedCount(nearbyQuery)),
        [fieldsParameter]: 'created_at,author_id,geo,lang,source',
        expansions: 'author_id,geo.place_id',
        'user.fields': 'name,username,profile_image_url,location',
        'place.fields': 'full_name,geo,place_type',
      });
      return {
        method: 'GET',
        url: `${endpoint}?${query.toString()}`,
        headers: { accept: 'application/json', authorization: `Bearer ${key.reveal()}` },
      };
    },

    answer(response, query) {
      const body = JSON.parse(textOf(parseJsonObject(response, explainError))) as Readonly<Record<string, unknown>>;
      const { data, includes, meta, errors } = body;
      const posts = Array.isArray(data) ? data.filter(isObject) : [];
      const found = posts.flatMap((post) => formatXPost(post, isObject(includes) ? includes : {}) ?? []);
      // Errors may come with HTTP 200. Together with posts they concern parts of these; alone they mean that the search failed.
      if (!isObject(meta) || (found.length === 0 && Array.isArray(errors) && errors.length > 0)) {
        throw new UpstreamError(
          `The upstream answered with an error: ${excerpt(explainError(body) ?? 'no details')}`,
          'permanent',
        );
      }
      return searchResponse({
        results: found.slice(0, query.count),
        maxId: isId(meta['newest_id']) ? meta['newest_id'] : '0',
        geocode: `${query.latitude},${query.longitude},${formatRadius(query)}`,
        hasMore: typeof meta['next_token'] === 'string' || found.length > query.count,
        resultsPerPage: query.count,
        completedInSeconds: (response.tookMs ?? 0) / 1_000,
        warning: radiusWarning(query, maxRadiusKm),
      });
    },

    failure: searchError,
  };
  return redactKey(upstream, key);
}

/** Posts requested from the API; each one found is charged. */
function requestedCount({ count }: NearbyQuery): number {
  return Math.max(minRequestedCount, count);
}

function formatRadius({ radiusKm }: NearbyQuery): string {
  return `${formatDecimal(Math.max(minRadiusKm, Math.min(radiusKm, maxRadiusKm)), radiusKmFractionDigits)}km`;
}

/** Describes an error of the API: its first error, or its general message. */
function explainError({ errors, detail, title }: Readonly<Record<string, unknown>>): string | undefined {
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  const message = isObject(first) ? (first['message'] ?? first['detail'] ?? first['title']) : undefined;
  const parts = [title, message ?? detail].filter((part) => typeof part === 'string');
  return parts.length === 0 ? undefined : [...new Set(parts)].join(': ');
}
