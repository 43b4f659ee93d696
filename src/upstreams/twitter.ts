import { bytesOf } from '../protocol/text/bytes.js';
import { truncateArray, appendProperty } from '../protocol/upstream/json-text.js';
import type { Upstream } from '../protocol/upstream/upstream.js';
import { formatDecimal } from './format-number.js';
import { radiusWarning } from './radius-warning.js';
import { parseJsonObject } from './response.js';
import type { Secret } from './secret.js';
import { searchError } from './search-response.js';
import { redactKey } from './redact-key.js';

/** Results on one page, as the API's documentation has it. */
const maxCount = 100;

/** Our choice: the API documents no largest radius, and search services of its time took 2,500 km. */
const maxRadiusKm = 2500;

/** Millimetres: finer than any position. */
const radiusKmFractionDigits = 6;

/**
 * The Twitter Search API v1.0 of 2012, or a service that speaks as it did. Twitter's own ended in 2013.
 *
 * A body with status 200 that holds the API's own error, such as `{"error":"You must enter a query."}`, is relayed like any
 * other: it is already in the form in which `failure` would say it.
 * @param baseUrl what stands before `/search.json`
 * @param key sent as a bearer token; none for a service that wants none, as Twitter's own did
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
        // What the API does with 0 is documented nowhere; the one result is cut from the answer instead.
        rpp: formatDecimal(Math.max(1, count), 0),
      });
      const authorization = key === undefined ? {} : { authorization: `Bearer ${key.reveal()}` };
      return {
        method: 'GET',
        url: `${endpoint}?${query.toString()}`,
        headers: { accept: 'application/json', ...authorization },
      };
    },

    answer(response, question) {
      const json = truncateArray(parseJsonObject(response), 'results', question.count);
      const warning = radiusWarning(question, maxRadiusKm);
      return warning === undefined ? json : appendProperty(json, 'warning', bytesOf(JSON.stringify(warning)));
    },

    failure: searchError,
  };
  return key === undefined ? upstream : redactKey(upstream, key);
}
