import { bytesOf, textOf } from '../protocol/text/bytes.js';
import { UpstreamError, type Trouble } from '../protocol/upstream/errors.js';
import { keepFirst, withProperty, type JsonLine } from '../protocol/upstream/json-text.js';
import type { Upstream } from '../protocol/upstream/upstream.js';
import { decimal } from './decimal.js';
import { placesFailure } from './places-response.js';
import { radiusCut } from './radius-cut.js';
import { objectOf, quoted } from './response.js';
import type { Secret } from './secret.js';
import { withoutKey } from './redact-key.js';

/** Results on one page; the API has no parameter for fewer. */
const countMax = 20;

/** The API's own limit of 50,000 metres. */
const radiusKmMax = 50;

/** Millimetres: finer than any position. */
const radiusMetresFractionDigits = 3;

/** What the API's words for its errors mean. One that is not here will be the same again: a key that is refused, say. */
const troubles: Readonly<Record<string, Trouble>> = {
  UNKNOWN_ERROR: 'passing',
  OVER_QUERY_LIMIT: 'pace',
  INVALID_REQUEST: 'question',
};

/**
 * Google Places, the legacy Nearby Search, or a service that speaks as it does.
 * @param baseUrl what stands before `/maps/api/place/nearbysearch/json`
 * @param key none for a service that wants none
 */
export function googlePlacesLegacy(baseUrl: string, key?: Secret): Upstream {
  const address = `${baseUrl.replace(/\/+$/, '')}/maps/api/place/nearbysearch/json`;
  const upstream: Upstream = {
    countMax,
    radiusKmMax,
    radiusBeyondMax: 'reject',

    request({ latitude, longitude, radiusKm }) {
      const query = new URLSearchParams({
        location: `${latitude},${longitude}`,
        radius: decimal(Math.min(radiusKm, radiusKmMax) * 1000, radiusMetresFractionDigits),
        ...(key === undefined ? {} : { key: key.reveal() }),
      });
      return { method: 'GET', url: `${address}?${query.toString()}`, headers: { accept: 'application/json' } };
    },

    answer(response, question) {
      const json = objectOf(response);
      // Cut to nothing first: the part that is parsed to read the status stays small, however large the body.
      refuseErrors(keepFirst(json, 'results', 0));
      const cut = radiusCut(question, radiusKmMax);
      const first = keepFirst(json, 'results', question.count);
      return cut === undefined ? first : withProperty(first, 'info_messages', bytesOf(JSON.stringify([cut])));
    },

    failure: placesFailure,
  };
  return key === undefined ? upstream : withoutKey(upstream, key);
}

/** The API says with HTTP 200 that it failed: only `status` tells. */
function refuseErrors(json: JsonLine): void {
  const { status, error_message: message } = JSON.parse(textOf(json)) as Readonly<Record<string, unknown>>;
  if (status === 'OK' || status === 'ZERO_RESULTS') return;

  if (typeof status !== 'string' || !/^[A-Z_]{1,40}$/.test(status)) {
    throw new UpstreamError('The upstream answered without a known status.');
  }
  const reason = typeof message === 'string' ? `: ${quoted(message)}` : '.';
  throw new UpstreamError(
    `The upstream answered with status ${status}${reason}`,
    Object.hasOwn(troubles, status) ? troubles[status] : 'lasting',
  );
}
