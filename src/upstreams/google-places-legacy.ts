import { bytesOf, textOf } from '../protocol/text/bytes.js';
import { UpstreamError, type UpstreamErrorKind } from '../protocol/upstream/errors.js';
import { truncateArray, appendProperty, type JsonLine } from '../protocol/upstream/json-text.js';
import type { Upstream } from '../protocol/upstream/upstream.js';
import { formatDecimal } from './text.js';
import { placesError } from './places-response.js';
import { radiusWarning, parseJsonObject, excerpt } from './response.js';
import type { Secret } from './secret.js';
import { redactKey } from './redact-key.js';

/** Results per page; the API has no parameter for fewer. */
const maxCount = 20;

/** The API's limit of 50,000 metres. */
const maxRadiusKm = 50;

/** Millimetres: finer than any position. */
const radiusMetresFractionDigits = 3;

/** Error kinds by the API's `status`. Any other status is permanent, such as a rejected key. */
const errorKinds: Readonly<Record<string, UpstreamErrorKind>> = {
  UNKNOWN_ERROR: 'transient',
  OVER_QUERY_LIMIT: 'rate-limited',
  INVALID_REQUEST: 'invalid-request',
};

/**
 * Creates an upstream for the legacy Nearby Search of Google Places, or for a service with the same API.
 * @param baseUrl the part before `/maps/api/place/nearbysearch/json`
 * @param key left out for a service that needs none
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

    answer(response, query) {
      const json = parseJsonObject(response);
      // The results are removed first, so that the part parsed to read the status stays small however large the body is.
      throwOnError(truncateArray(json, 'results', 0));
      const warning = radiusWarning(query, maxRadiusKm);
      const first = truncateArray(json, 'results', query.count);
      return warning === undefined ? first : appendProperty(first, 'info_messages', bytesOf(JSON.stringify([warning])));
    },

    failure: placesError,
  };
  return key === undefined ? upstream : redactKey(upstream, key);
}

/** Throws if the API failed. It sends its errors with HTTP 200; only `status` shows them. */
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
