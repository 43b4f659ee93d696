import type { Gazetteer, Place } from './gazetteer.js';
import { parseDecimal, parseDegrees, type Reply } from './api.js';
import { formatAddress } from './sample-posts.js';

const maxResults = 20;

/** The API clamps larger radii. */
const maxRadiusMetres = 50_000;

/** Required by the licence of the data. */
const attribution = 'Sample of places by <a href="https://www.geonames.org/">GeoNames</a>, CC-BY-4.0';

/** Answers `GET /maps/api/place/nearbysearch/json` like Google's legacy Nearby Search, which sends errors with HTTP 200, too. */
export function answerPlacesSearch(parameters: URLSearchParams, gazetteer: Gazetteer): Reply {
  const [latitude, longitude, ...rest] = (parameters.get('location') ?? '').split(',');
  const position = parseDegrees(latitude, longitude);
  if (position === undefined || rest.length > 0) return invalidRequest('location must be a latitude and a longitude.');
  const radiusMetres = parseDecimal(parameters.get('radius') ?? undefined);
  if (radiusMetres === undefined || radiusMetres < 0) return invalidRequest('radius must be a number of metres.');

  const circle = { ...position, radiusKm: Math.min(radiusMetres, maxRadiusMetres) / 1000 };
  const results = gazetteer.nearest(circle, maxResults).map(toPlaceResult);
  return formatReply({
    html_attributions: [attribution],
    results,
    status: results.length > 0 ? 'OK' : 'ZERO_RESULTS',
  });
}

function toPlaceResult(place: Place): object {
  return {
    geometry: { location: { lat: place.latitude, lng: place.longitude } },
    name: place.name,
    place_id: `sample-${place.number}`,
    types: ['locality', 'political'],
    vicinity: formatAddress(place),
  };
}

function invalidRequest(message: string): Reply {
  return formatReply({ html_attributions: [], results: [], status: 'INVALID_REQUEST', error_message: message });
}

/** Formats a body over many lines, as Google does. */
function formatReply(body: object): Reply {
  return { status: 200, body: `${JSON.stringify(body, null, 3)}\n` };
}
