import { bytesOf } from '../protocol/text/bytes.js';
import { keepFirst, withProperty } from '../protocol/upstream/json-text.js';
import type { Upstream } from '../protocol/upstream/upstream.js';
import { decimal } from './decimal.js';
import { radiusCut } from './radius-cut.js';
import { objectOf } from './response.js';
import type { Secret } from './secret.js';
import { searchFailure } from './search-response.js';
import { withoutKey } from './redact-key.js';

/** Results on one page, as the API's documentation has it. */
const countMax = 100;

/** Our choice: the API documents no largest radius, and search services of its time took 2,500 km. */
const radiusKmMax = 2500;

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
  const address = `${baseUrl.replace(/\/+$/, '')}/search.json`;
  const upstream: Upstream = {
    countMax,
    radiusKmMax,

    request({ latitude, longitude, radiusKm, count }) {
      const radius = `${decimal(Math.min(radiusKm, radiusKmMax), radiusKmFractionDigits)}km`;
      const query = new URLSearchParams({
        geocode: `${latitude},${longitude},${radius}`,
        // What the API does with 0 is documented nowhere; the one result is cut from the answer instead.
        rpp: decimal(Math.max(1, count), 0),
      });
      const authorization = key === undefined ? {} : { authorization: `Bearer ${key.reveal()}` };
      return {
        method: 'GET',
        url: `${address}?${query.toString()}`,
        headers: { accept: 'application/json', ...authorization },
      };
    },

    answer(response, question) {
      const json = keepFirst(objectOf(response), 'results', question.count);
      const cut = radiusCut(question, radiusKmMax);
      return cut === undefined ? json : withProperty(json, 'warning', bytesOf(JSON.stringify(cut)));
    },

    failure: searchFailure,
  };
  return key === undefined ? upstream : withoutKey(upstream, key);
}
