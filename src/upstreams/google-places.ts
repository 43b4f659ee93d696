import { textOf } from '../protocol/text/bytes.js';
import { UpstreamError } from '../protocol/upstream/errors.js';
import type { Upstream } from '../protocol/upstream/upstream.js';
import { formatDecimal, formatDegrees } from './format-number.js';
import { escapeHtml } from './html.js';
import { formatJsonObject } from './json-object.js';
import { placesResponse, placesError, type PlaceResult } from './places-response.js';
import { radiusWarning } from './radius-warning.js';
import { isObject, parseJsonObject } from './response.js';
import type { Secret } from './secret.js';
import { redactKey } from './redact-key.js';

/** The API takes 1 to 20. */
const maxCount = 20;

/** The API takes radii above 0, up to 50,000 metres. */
const maxRadiusKm = 50;
const minRadiusMetres = 1;

/** Millimetres: finer than any position. */
const radiusMetresFractionDigits = 3;

/**
 * What is asked for, which decides the price: nothing here is of the dearer classes, as ratings and opening hours are. The API
 * answers nothing at all without it.
 */
const fieldMask = ['id', 'displayName', 'location', 'types', 'businessStatus', 'shortFormattedAddress', 'attributions']
  .map((field) => `places.${field}`)
  .join(',');

/**
 * Google Places, the Nearby Search (New), answered in the envelope of the legacy one.
 * @param baseUrl what stands before `/v1/places:searchNearby`
 */
export function googlePlaces(baseUrl: string, key: Secret): Upstream {
  const url = `${baseUrl.replace(/\/+$/, '')}/v1/places:searchNearby`;
  const upstream: Upstream = {
    maxCount,
    maxRadiusKm,
    radiusBeyondMax: 'reject',

    request({ latitude, longitude, radiusKm, count }) {
      const metres = Math.max(minRadiusMetres, Math.min(radiusKm, maxRadiusKm) * 1_000);
      const center = formatJsonObject({ latitude: formatDegrees(latitude), longitude: formatDegrees(longitude) });
      const circle = formatJsonObject({ center, radius: formatDecimal(metres, radiusMetresFractionDigits) });
      return {
        method: 'POST',
        url,
        headers: {
          accept: 'application/json',
          'content-type': 'application/json',
          'x-goog-api-key': key.reveal(),
          'x-goog-fieldmask': fieldMask,
        },
        body: formatJsonObject({
          // 0 is out of the API's range; the one place is cut from the answer instead.
          maxResultCount: String(Math.max(1, count)),
          rankPreference: JSON.stringify('DISTANCE'),
          locationRestriction: formatJsonObject({ circle }),
        }),
      };
    },

    answer(response, question) {
      const body = JSON.parse(textOf(parseJsonObject(response, explainError))) as Readonly<Record<string, unknown>>;
      if (body['error'] !== undefined) {
        const error = explainError(body) ?? 'it does not say which';
        throw new UpstreamError(`The upstream answered with an error: ${error}`, 'permanent');
      }
      // The API leaves the list out where nothing is near.
      const places = body['places'] ?? [];
      if (!Array.isArray(places)) throw new UpstreamError('The upstream answered without a list of places.');
      const found = places.filter(isPlace).slice(0, question.count);
      return placesResponse(formatAttributions(found), found.map(toPlaceResult), radiusWarning(question, maxRadiusKm));
    },

    failure: placesError,
  };
  return redactKey(upstream, key);
}

/** What the API writes of a place; only the first three are always there. */
interface Place {
  readonly id: string;
  readonly displayName: { readonly text: string };
  readonly location: { readonly latitude: number; readonly longitude: number };
  readonly types?: unknown;
  readonly businessStatus?: unknown;
  readonly shortFormattedAddress?: unknown;
  readonly attributions?: unknown;
}

function isPlace(value: unknown): value is Place {
  if (!isObject(value)) return false;
  const { id, displayName, location } = value;
  return (
    typeof id === 'string' &&
    isObject(displayName) &&
    typeof displayName['text'] === 'string' &&
    isObject(location) &&
    Number.isFinite(location['latitude']) &&
    Number.isFinite(location['longitude'])
  );
}

function toPlaceResult({
  id,
  displayName,
  location,
  types,
  businessStatus,
  shortFormattedAddress,
}: Place): PlaceResult {
  return {
    ...(typeof businessStatus === 'string' ? { business_status: businessStatus } : {}),
    geometry: { location: { lat: location.latitude, lng: location.longitude } },
    name: displayName.text,
    place_id: id,
    types: Array.isArray(types) ? types.filter((type) => typeof type === 'string') : [],
    ...(typeof shortFormattedAddress === 'string' ? { vicinity: shortFormattedAddress } : {}),
  };
}

/** Whom the places are from, as the legacy API wrote it. */
function formatAttributions(places: readonly Place[]): string[] {
  const providers = places.flatMap(({ attributions }): unknown[] => (Array.isArray(attributions) ? attributions : []));
  const lines = providers.filter(isObject).flatMap(({ provider, providerUri }) => {
    if (typeof provider !== 'string') return [];
    const name = escapeHtml(provider);
    return [typeof providerUri === 'string' ? `<a href="${escapeHtml(providerUri)}">${name}</a>` : name];
  });
  return [...new Set(lines)];
}

/** `PERMISSION_DENIED: what the API says about it`. */
function explainError({ error }: Readonly<Record<string, unknown>>): string | undefined {
  if (!isObject(error)) return undefined;
  const parts = [error['status'], error['message']].filter((part) => typeof part === 'string');
  return parts.length === 0 ? undefined : parts.join(': ');
}
