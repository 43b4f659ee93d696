import { textOf } from '../protocol/text/bytes.js';
import { UpstreamError } from '../protocol/upstream/errors.js';
import type { NearbyQuery, Upstream } from '../protocol/upstream/upstream.js';
import { formatDecimal, formatDegrees } from './format-number.js';
import { radiusWarning } from './radius-warning.js';
import { isObject, parseJsonObject, excerpt } from './response.js';
import { searchResponse, searchError } from './search-response.js';
import type { Secret } from './secret.js';
import { redactKey } from './redact-key.js';
import { isId, formatXPost } from './x-post.js';

/** The API takes 10 to 100; each post that it returns is paid for. */
const maxCount = 100;
const minRequestedCount = 10;

/** 25 miles. The API takes no larger circle. */
const maxRadiusKm = 40;
/** A circle of no size is none. */
const minRadiusKm = 0.01;
const radiusKmFractionDigits = 3;

/** Settings of the X API. */
export interface XOptions {
  /** What stands before `/2/tweets/search/recent`. */
  readonly baseUrl: string;
  readonly key: Secret;
  /** The parameter that names a post's fields: the API's own documents write it in both ways. */
  readonly fieldsParameter: 'tweet.fields' | 'post.fields';
}

/** The recent search of the X API v2, answered in the envelope of the Twitter Search API v1.0. */
export function xSearch({ baseUrl, key, fieldsParameter }: XOptions): Upstream {
  const endpoint = `${baseUrl.replace(/\/+$/, '')}/2/tweets/search/recent`;
  const upstream: Upstream = {
    maxCount,
    maxRadiusKm,
    units: requestedCount,

    request(question) {
      const { latitude, longitude } = question;
      const query = new URLSearchParams({
        query: `point_radius:[${formatDegrees(longitude)} ${formatDegrees(latitude)} ${formatRadius(question)}]`,
        max_results: String(requestedCount(question)),
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

    answer(response, question) {
      const body = JSON.parse(textOf(parseJsonObject(response, explainError))) as Readonly<Record<string, unknown>>;
      const { data, includes, meta, errors } = body;
      const posts = Array.isArray(data) ? data.filter(isObject) : [];
      const found = posts.flatMap((post) => formatXPost(post, isObject(includes) ? includes : {}) ?? []);
      // Errors may come with HTTP 200: with posts they are about parts of these, without any they are all there is.
      if (!isObject(meta) || (found.length === 0 && Array.isArray(errors) && errors.length > 0)) {
        throw new UpstreamError(
          `The upstream answered with an error: ${excerpt(explainError(body) ?? 'it does not say which')}`,
          'permanent',
        );
      }
      return searchResponse({
        results: found.slice(0, question.count),
        maxId: isId(meta['newest_id']) ? meta['newest_id'] : '0',
        geocode: `${question.latitude},${question.longitude},${formatRadius(question)}`,
        hasMore: typeof meta['next_token'] === 'string' || found.length > question.count,
        resultsPerPage: question.count,
        completedInSeconds: (response.tookMs ?? 0) / 1_000,
        warning: radiusWarning(question, maxRadiusKm),
      });
    },

    failure: searchError,
  };
  return redactKey(upstream, key);
}

/** Posts that are asked for, and paid for if they are there. */
function requestedCount({ count }: NearbyQuery): number {
  return Math.max(minRequestedCount, count);
}

function formatRadius({ radiusKm }: NearbyQuery): string {
  return `${formatDecimal(Math.max(minRadiusKm, Math.min(radiusKm, maxRadiusKm)), radiusKmFractionDigits)}km`;
}

/** What the API says of an error: the first of its errors, or what it says of all. */
function explainError({ errors, detail, title }: Readonly<Record<string, unknown>>): string | undefined {
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  const message = isObject(first) ? (first['message'] ?? first['detail'] ?? first['title']) : undefined;
  const parts = [title, message ?? detail].filter((part) => typeof part === 'string');
  return parts.length === 0 ? undefined : [...new Set(parts)].join(': ');
}
