import { bytesOf } from '../protocol/text/bytes.js';
import { truncateArray, appendProperty } from '../protocol/upstream/json-text.js';
import type { Upstream } from '../protocol/upstream/upstream.js';
import { formatDecimal } from './text.js';
import { radiusWarning, parseJsonObject } from './response.js';
import type { Secret } from './secret.js';
import { searchError } from './search-response.js';
import { redactKey } from './redact-key.js';

/** Results per page, according to the API's documentation. */
const maxCount = 100;

/** The API documents no maximum radius; search services of its time accepted 2,500 km. */
const maxRadiusKm = 2500;

/** Millimetres: finer than any position. */
const radiusKmFractionDigits = 6;

/**
 * Creates an upstream for the Twitter Search API v1.0 of 2012, or a service with the same API. Twitter's own ended in 2013.
 *
 * A body with status 200 that contains the API's own error, such as `{"error":"You must enter a query."}`, is relayed like any
 * other, since it already has the format of `failure`.
 * @param baseUrl the part before `/search.json`
 * @param key sent as a bearer token; left out for a service that needs none, like Twitter's own
 */
export function twitterSearch(baseUrl: string, key?: Secret): Upstream {
  const endpoint = `${baseUrl.replace(/\/+$/, '')}/search.json`;
  const upstream: Upstream = {
    maxCount,
    maxRadiusKm,

    request({ latitude, longitude, radiusKm, count }) {
      const radius = `${formatDecimal(Math.min(radiusKm, maxRadiusKm), radiusKmFractionDigits)}km`;
      const query = new URLSearchParams({
        geocode: `${latitude},${longitude},${radius}`,
        // The API's behaviour for 0 is undocumented; the single result is removed from the answer instead.
        rpp: formatDecimal(Math.max(1, count), 0),
      });
      const authorization = key === undefined ? {} : { authorization: `Bearer ${key.reveal()}` };
      return {
        method: 'GET',
        url: `${endpoint}?${query.toString()}`,
        headers: { accept: 'application/json', ...authorization },
      };
    },

    answer(response, query) {
      const json = truncateArray(parseJsonObject(response), 'results', query.count);
      const warning = radiusWarning(query, maxRadiusKm);
      return warning === undefined ? json : appendProperty(json, 'warning', bytesOf(JSON.stringify(warning)));
    },

    failure: searchError,
  };
  return key === undefined ? upstream : redactKey(upstream, key);
}
