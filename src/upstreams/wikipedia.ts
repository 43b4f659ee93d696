import { textOf } from '../protocol/text/bytes.js';
import { UpstreamError, type UpstreamErrorKind } from '../protocol/upstream/errors.js';
import type { NearbyQuery, Upstream } from '../protocol/upstream/upstream.js';
import { formatDecimal, formatDegrees } from './text.js';
import { placesResponse, placesError, type PlaceResult } from './places-response.js';
import { radiusWarning, isObject, parseJsonObject, excerpt } from './response.js';

/** Maximum of Google's legacy Nearby Search, whose format the answers have; this API would return 500. */
const maxCount = 20;

/** The API accepts 10 to 10,000 metres. */
const maxRadiusKm = 10;
const minRadiusMetres = 10;

/** Required by the licence of Wikipedia's contents. */
const attribution = 'Articles of <a href="https://www.wikipedia.org/">Wikipedia</a>, CC BY-SA 4.0';

/** Error kinds by the API's error code; it sends errors with HTTP 200. Any other code is an invalid request. */
const errorKinds: readonly (readonly [code: RegExp, kind: UpstreamErrorKind])[] = [
  [/^(?:ratelimited|maxlag)$/, 'rate-limited'],
  [/^(?:readonly|internal_api_error|cirrussearch-|timeout)/, 'transient'],
  [/^(?:readapidenied|blocked|mwoauth|assert)/, 'permanent'],
];

/** Article as the API returns it. */
interface Article {
  readonly pageid: number;
  readonly title: string;
  readonly lat: number;
  readonly lon: number;
}

/**
 * Creates an upstream that finds Wikipedia articles about nearby places: the `geosearch` of MediaWiki, which needs no key. Answers
 * have the format of the legacy Nearby Search of Google Places.
 * @param baseUrl the part before `/w/api.php`: the Wikipedia of one language
 * @param userAgent names the program and a contact address; Wikimedia's user agent policy requires both
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
        // 0 is out of the API's range; the single article is removed from the answer instead.
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

    answer(response, nearbyQuery) {
      const body = JSON.parse(textOf(parseJsonObject(response))) as Readonly<Record<string, unknown>>;
      throwOnError(body);
      const { query } = body;
      const found = isObject(query) ? query['geosearch'] : undefined;
      if (!Array.isArray(found)) throw new UpstreamError('The upstream answered without a list of articles.');
      return toResponse(found.filter(isArticle), nearbyQuery, base);
    },

    failure: placesError,
  };
}

function toResponse(articles: readonly Article[], query: NearbyQuery, base: string): string {
  const results = articles.slice(0, query.count).map(({ pageid, title, lat, lon }): PlaceResult => ({
    geometry: { location: { lat, lng: lon } },
    name: title,
    place_id: `wikipedia-${formatDecimal(pageid, 0)}`,
    types: ['point_of_interest'],
    url: `${base}/?curid=${formatDecimal(pageid, 0)}`,
  }));
  return placesResponse([attribution], results, radiusWarning(query, maxRadiusKm));
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
