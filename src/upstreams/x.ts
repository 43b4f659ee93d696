import { textOf } from '../protocol/text/bytes.js';
import { UpstreamError } from '../protocol/upstream/errors.js';
import type { NearbyQuestion, Upstream } from '../protocol/upstream/upstream.js';
import { decimal, degrees } from './decimal.js';
import { radiusCut } from './radius-cut.js';
import { isObject, objectOf, quoted } from './response.js';
import { searchAnswer, searchFailure } from './search-response.js';
import type { Secret } from './secret.js';
import { withoutKey } from './redact-key.js';
import { isId, xPostJson } from './x-post.js';

/** The API takes 10 to 100; each post that it returns is paid for. */
const countMax = 100;
const countAskedMin = 10;

/** 25 miles. The API takes no larger circle. */
const radiusKmMax = 40;
/** A circle of no size is none. */
const radiusKmMin = 0.01;
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
  const address = `${baseUrl.replace(/\/+$/, '')}/2/tweets/search/recent`;
  const upstream: Upstream = {
    countMax,
    radiusKmMax,
    units: askedFor,

    request(question) {
      const { latitude, longitude } = question;
      const query = new URLSearchParams({
        query: `point_radius:[${degrees(longitude)} ${degrees(latitude)} ${radiusOf(question)}]`,
        max_results: String(askedFor(question)),
        [fieldsParameter]: 'created_at,author_id,geo,lang,source',
        expansions: 'author_id,geo.place_id',
        'user.fields': 'name,username,profile_image_url,location',
        'place.fields': 'full_name,geo,place_type',
      });
      return {
        method: 'GET',
        url: `${address}?${query.toString()}`,
        headers: { accept: 'application/json', authorization: `Bearer ${key.reveal()}` },
      };
    },

    answer(response, question) {
      const body = JSON.parse(textOf(objectOf(response, explained))) as Readonly<Record<string, unknown>>;
      const { data, includes, meta, errors } = body;
      const posts = Array.isArray(data) ? data.filter(isObject) : [];
      const found = posts.flatMap((post) => xPostJson(post, isObject(includes) ? includes : {}) ?? []);
      // Errors may come with HTTP 200: with posts they are about parts of these, without any they are all there is.
      if (!isObject(meta) || (found.length === 0 && Array.isArray(errors) && errors.length > 0)) {
        throw new UpstreamError(
          `The upstream answered with an error: ${quoted(explained(body) ?? 'it does not say which')}`,
          'lasting',
        );
      }
      return searchAnswer({
        results: found.slice(0, question.count),
        maxId: isId(meta['newest_id']) ? meta['newest_id'] : '0',
        geocode: `${question.latitude},${question.longitude},${radiusOf(question)}`,
        more: typeof meta['next_token'] === 'string' || found.length > question.count,
        resultsPerPage: question.count,
        completedInSeconds: (response.tookMs ?? 0) / 1_000,
        warning: radiusCut(question, radiusKmMax),
      });
    },

    failure: searchFailure,
  };
  return withoutKey(upstream, key);
}

/** Posts that are asked for, and paid for if they are there. */
function askedFor({ count }: NearbyQuestion): number {
  return Math.max(countAskedMin, count);
}

function radiusOf({ radiusKm }: NearbyQuestion): string {
  return `${decimal(Math.max(radiusKmMin, Math.min(radiusKm, radiusKmMax)), radiusKmFractionDigits)}km`;
}

/** What the API says of an error: the first of its errors, or what it says of all. */
function explained({ errors, detail, title }: Readonly<Record<string, unknown>>): string | undefined {
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  const message = isObject(first) ? (first['message'] ?? first['detail'] ?? first['title']) : undefined;
  const words = [title, message ?? detail].filter((word) => typeof word === 'string');
  return words.length === 0 ? undefined : [...new Set(words)].join(': ');
}
