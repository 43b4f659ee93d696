import { bytesOf, textOf } from '../protocol/bytes.js';
import { UpstreamError } from '../protocol/errors.js';
import { keepFirst, type JsonLine } from '../protocol/json-text.js';
import type { Upstream } from '../protocol/upstream.js';
import { decimal } from './decimal.js';
import { objectOf } from './response.js';

/** Results on one page; the API has no parameter for fewer. */
const countMax = 20;

/** The API's own limit of 50,000 metres. */
const radiusKmMax = 50;

/** Millimetres: finer than any position. */
const radiusMetresFractionDigits = 3;

/** How much of an upstream's own words goes into an answer: enough for a sentence or two. */
const errorMessageCharactersMax = 200;

/**
 * Google Places, the legacy Nearby Search, or a service that speaks as it does.
 * @param baseUrl what stands before `/maps/api/place/nearbysearch/json`
 */
export function placesNearby(baseUrl: string): Upstream {
  const address = `${baseUrl.replace(/\/+$/, '')}/maps/api/place/nearbysearch/json`;
  return {
    countMax,
    radiusKmMax,

    request({ latitude, longitude, radiusKm }) {
      const query = new URLSearchParams({
        location: `${latitude},${longitude}`,
        radius: decimal(Math.min(radiusKm, radiusKmMax) * 1000, radiusMetresFractionDigits),
      });
      return { method: 'GET', url: `${address}?${query.toString()}`, headers: { accept: 'application/json' } };
    },

    answer(response, { count }) {
      const json = objectOf(response);
      // Cut to nothing first: the part that is parsed to read the status stays small, however large the body.
      refuseErrors(keepFirst(json, 'results', 0));
      return keepFirst(json, 'results', count);
    },

    failure: (message) =>
      bytesOf(JSON.stringify({ html_attributions: [], results: [], status: 'UNKNOWN_ERROR', error_message: message })),
  };
}

/** The API says with HTTP 200 that it failed: only `status` tells. */
function refuseErrors(json: JsonLine): void {
  const { status, error_message: message } = JSON.parse(textOf(json)) as Readonly<Record<string, unknown>>;
  if (status === 'OK' || status === 'ZERO_RESULTS') return;

  if (typeof status !== 'string' || !/^[A-Z_]{1,40}$/.test(status)) {
    throw new UpstreamError('The upstream answered without a known status.');
  }
  const reason = typeof message === 'string' ? `: ${message.slice(0, errorMessageCharactersMax)}` : '.';
  throw new UpstreamError(`The upstream answered with status ${status}${reason}`);
}
