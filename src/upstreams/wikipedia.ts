import { textOf } from '../protocol/text/bytes.js';
import { UpstreamError, type UpstreamErrorKind } from '../protocol/upstream/errors.js';
import type { NearbyQuery, Upstream } from '../protocol/upstream/upstream.js';
import { formatDecimal, formatDegrees } from './format-number.js';
import { placesResponse, placesError, type PlaceResult } from './places-response.js';
import { radiusWarning } from './radius-warning.js';
import { isObject, parseJsonObject, excerpt } from './response.js';

/** As many as the envelope's own API gives; this one would give 500. */
const maxCount = 20;

/** The API takes 10 to 10,000 metres. */
const maxRadiusKm = 10;
const minRadiusMetres = 10;

/** The licence of what is in Wikipedia asks for it, and the envelope has a field for such. */
const attribution = 'Articles of <a href="https://www.wikipedia.org/">Wikipedia</a>, CC BY-SA 4.0';

/** What the codes of the API's errors mean; it sends them with HTTP 200. Any other is about the question. */
const errorKinds: readonly (readonly [code: RegExp, trouble: UpstreamErrorKind])[] = [
  [/^(?:ratelimited|maxlag)$/, 'rate-limited'],
  [/^(?:readonly|internal_api_error|cirrussearch-|timeout)/, 'transient'],
  [/^(?:readapidenied|blocked|mwoauth|assert)/, 'permanent'],
];

/** What is known of an article near a place. */
interface Article {
  readonly pageid: number;
  readonly title: string;
  readonly lat: number;
  readonly lon: number;
}

/**
 * The articles of a Wikipedia about what is near a place: the `geosearch` of MediaWiki, which wants no key. Answered in the
 * envelope of Google's legacy Nearby Search.
 * @param baseUrl what stands before `/w/api.php`: the Wikipedia of a language
 * @param userAgent says who asks and how to reach them: Wikimedia's user agent policy demands both
 */
export function wikipediaNearby(baseUrl: string, userAgent: string): Upstream {
  const base = baseUrl.replace(/\/+$/, '');
  return {
    maxCount,
    maxRadiusKm,
    radiusBeyondMax: 'reject',

    request({ latitude, longitude, radiusKm, count }) {
      const metres = Math.max(minRadiusMetres, Math.round(Math.min(radiusKm, maxRadiusKm) * 1_000));
      const query = new URLSearchParams({
        action: 'query',
        list: 'geosearch',
        gscoord: `${formatDegrees(latitude)}|${formatDegrees(longitude)}`,
        gsradius: String(metres),
        // 0 is out of the API's range; the one article is cut from the answer instead.
        gslimit: String(Math.max(1, count)),
        format: 'json',
        formatversion: '2',
      });
      return {
        method: 'GET',
        url: `${base}/w/api.php?${query.toString()}`,
        headers: { accept: 'application/json', 'user-agent': userAgent },
      };
    },

    answer(response, question) {
      const body = JSON.parse(textOf(parseJsonObject(response))) as Readonly<Record<string, unknown>>;
      throwOnError(body);
      const { query } = body;
      const found = isObject(query) ? query['geosearch'] : undefined;
      if (!Array.isArray(found)) throw new UpstreamError('The upstream answered without a list of articles.');
      return toResponse(found.filter(isArticle), question, base);
    },

    failure: placesError,
  };
}

function toResponse(articles: readonly Article[], question: NearbyQuery, base: string): string {
  const results = articles.slice(0, question.count).map(({ pageid, title, lat, lon }): PlaceResult => ({
    geometry: { location: { lat, lng: lon } },
    name: title,
    place_id: `wikipedia-${formatDecimal(pageid, 0)}`,
    types: ['point_of_interest'],
    url: `${base}/?curid=${formatDecimal(pageid, 0)}`,
  }));
  return placesResponse([attribution], results, radiusWarning(question, maxRadiusKm));
}

function throwOnError({ error }: Readonly<Record<string, unknown>>): void {
  if (error === undefined) return;
  const { code, info } = isObject(error) ? error : {};
  const errorCode = typeof code === 'string' ? code : 'unknown';
  const kind = errorKinds.find(([pattern]) => pattern.test(errorCode))?.[1] ?? 'invalid-request';
  const reason = typeof info === 'string' ? `: ${excerpt(info)}` : '.';
  throw new UpstreamError(`The upstream answered with the error ${excerpt(errorCode)}${reason}`, kind);
}

function isArticle(value: unknown): value is Article {
  if (!isObject(value)) return false;
  const { pageid, title, lat, lon } = value;
  return Number.isSafeInteger(pageid) && typeof title === 'string' && Number.isFinite(lat) && Number.isFinite(lon);
}
