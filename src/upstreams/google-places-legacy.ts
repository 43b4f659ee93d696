import { bytesOf, textOf } from '../protocol/text/bytes.js';
import { UpstreamError, type UpstreamErrorKind } from '../protocol/upstream/errors.js';
import { truncateArray, appendProperty, type JsonLine } from '../protocol/upstream/json-text.js';
import type { Upstream } from '../protocol/upstream/upstream.js';
import { formatDecimal } from './format-number.js';
import { placesError } from './places-response.js';
import { radiusWarning } from './radius-warning.js';
import { parseJsonObject, excerpt } from './response.js';
import type { Secret } from './secret.js';
import { redactKey } from './redact-key.js';

/** Results on one page; the API has no parameter for fewer. */
const maxCount = 20;

/** The API's own limit of 50,000 metres. */
const maxRadiusKm = 50;

/** Millimetres: finer than any position. */
const radiusMetresFractionDigits = 3;

/** What the API's words for its errors mean. One that is not here will be the same again: a key that is refused, say. */
const errorKinds: Readonly<Record<string, UpstreamErrorKind>> = {
  UNKNOWN_ERROR: 'transient',
  OVER_QUERY_LIMIT: 'rate-limited',
  INVALID_REQUEST: 'invalid-request',
};

/**
 * Google Places, the legacy Nearby Search, or a service that speaks as it does.
 * @param baseUrl what stands before `/maps/api/place/nearbysearch/json`
 * @param key none for a service that wants none
 */
export function googlePlacesLegacy(baseUrl: string, key?: Secret): Upstream {
  const endpoint = `${baseUrl.replace(/\/+$/, '')}/maps/api/place/nearbysearch/json`;
  const upstream: Upstream = {
    maxCount,
    maxRadiusKm,
    radiusBeyondMax: 'reject',

    request({ latitude, longitude, radiusKm }) {
      const query = new URLSearchParams({
        location: `${latitude},${longitude}`,
        radius: formatDecimal(Math.min(radiusKm, maxRadiusKm) * 1000, radiusMetresFractionDigits),
        ...(key === undefined ? {} : { key: key.reveal() }),
      });
      return { method: 'GET', url: `${endpoint}?${query.toString()}`, headers: { accept: 'application/json' } };
    },

    answer(response, question) {
      const json = parseJsonObject(response);
      // Cut to nothing first: the part that is parsed to read the status stays small, however large the body.
      throwOnError(truncateArray(json, 'results', 0));
      const warning = radiusWarning(question, maxRadiusKm);
      const first = truncateArray(json, 'results', question.count);
      return warning === undefined ? first : appendProperty(first, 'info_messages', bytesOf(JSON.stringify([warning])));
    },

    failure: placesError,
  };
  return key === undefined ? upstream : redactKey(upstream, key);
}

/** The API says with HTTP 200 that it failed: only `status` tells. */
function throwOnError(json: JsonLine): void {
  const { status, error_message: message } = JSON.parse(textOf(json)) as Readonly<Record<string, unknown>>;
  if (status === 'OK' || status === 'ZERO_RESULTS') return;

  if (typeof status !== 'string' || !/^[A-Z_]{1,40}$/.test(status)) {
    throw new UpstreamError('The upstream answered without a known status.');
  }
  const reason = typeof message === 'string' ? `: ${excerpt(message)}` : '.';
  throw new UpstreamError(
    `The upstream answered with status ${status}${reason}`,
    Object.hasOwn(errorKinds, status) ? errorKinds[status] : 'permanent',
  );
}
