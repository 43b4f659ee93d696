import type { Gazetteer, Place } from './gazetteer.js';
import { parseDecimal, parseDegrees } from './parameters.js';
import type { Reply } from './reply.js';
import { formatAddress } from './sample-posts.js';

const maxResults = 20;

/** The API cuts a larger radius to this one. */
const maxRadiusMetres = 50_000;

/** The data's licence asks for it, and the API has a field for such. */
const attribution = 'Sample of places by <a href="https://www.geonames.org/">GeoNames</a>, CC-BY-4.0';

/** Answers `GET /maps/api/place/nearbysearch/json` as Google's legacy Nearby Search does: errors come with HTTP 200 too. */
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

/** Google's own answers run over many lines. */
function formatReply(body: object): Reply {
  return { status: 200, body: `${JSON.stringify(body, null, 3)}\n` };
}
