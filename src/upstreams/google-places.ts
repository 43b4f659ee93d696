import { textOf } from '../protocol/text/bytes.js';
import { UpstreamError } from '../protocol/upstream/errors.js';
import type { Upstream } from '../protocol/upstream/upstream.js';
import { formatDecimal, formatDegrees, escapeHtml, formatJsonObject } from './text.js';
import { placesResponse, placesError, type PlaceResult } from './places-response.js';
import { radiusWarning, isObject, parseJsonObject } from './response.js';
import type { Secret } from './secret.js';
import { redactKey } from './redact-key.js';

/** The API accepts 1 to 20. */
const maxCount = 20;

/** The API accepts radii above 0, up to 50,000 metres. */
const maxRadiusKm = 50;
const minRadiusMetres = 1;

/** Millimetres: finer than any position. */
const radiusMetresFractionDigits = 3;

/**
 * Fields requested for each place. They decide the price: none of these is in the more expensive classes, as ratings and
 * opening hours are. The API rejects requests without a field mask.
 */
const fieldMask = ['id', 'displayName', 'location', 'types', 'businessStatus', 'shortFormattedAddress', 'attributions']
  .map((field) => `places.${field}`)
  .join(',');

/**
 * Creates an upstream for the Nearby Search (New) of Google Places. Answers have the format of the legacy one.
 * @param baseUrl the part before `/v1/places:searchNearby`
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
          // 0 is out of the API's range; the single place is removed from the answer instead.
          maxResultCount: String(Math.max(1, count)),
          rankPreference: JSON.stringify('DISTANCE'),
          locationRestriction: formatJsonObject({ circle }),
        }),
      };
    },

    answer(response, query) {
      const body = JSON.parse(textOf(parseJsonObject(response, explainError))) as Readonly<Record<string, unknown>>;
      if (body['error'] !== undefined) {
        const error = explainError(body) ?? 'no details';
        throw new UpstreamError(`The upstream answered with an error: ${error}`, 'permanent');
      }
      // The API leaves the list out if nothing is near.
      const places = body['places'] ?? [];
      if (!Array.isArray(places)) throw new UpstreamError('The upstream answered without a list of places.');
      const found = places.filter(isPlace).slice(0, query.count);
      return placesResponse(formatAttributions(found), found.map(toPlaceResult), radiusWarning(query, maxRadiusKm));
    },

    failure: placesError,
  };
  return redactKey(upstream, key);
}

/** Place as the API returns it; only the first three fields are always present. */
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

/** Attributions of places, as HTML lines like those of the legacy API. */
function formatAttributions(places: readonly Place[]): string[] {
  const providers = places.flatMap(({ attributions }): unknown[] => (Array.isArray(attributions) ? attributions : []));
  const lines = providers.filter(isObject).flatMap(({ provider, providerUri }) => {
    if (typeof provider !== 'string') return [];
    const name = escapeHtml(provider);
    return [typeof providerUri === 'string' ? `<a href="${escapeHtml(providerUri)}">${name}</a>` : name];
  });
  return [...new Set(lines)];
}

/** Describes an error of the API: `PERMISSION_DENIED: its message`. */
function explainError({ error }: Readonly<Record<string, unknown>>): string | undefined {
  if (!isObject(error)) return undefined;
  const parts = [error['status'], error['message']].filter((part) => typeof part === 'string');
  return parts.length === 0 ? undefined : parts.join(': ');
}
