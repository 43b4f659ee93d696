import type { Gazetteer, Place } from './gazetteer.js';
import { decimalOf, positionOf } from './parameters.js';
import type { Reply } from './reply.js';
import { addressOf } from './sample-posts.js';

const resultsMax = 20;

/** The API cuts a larger radius to this one. */
const radiusMetresMax = 50_000;

/** The data's licence asks for it, and the API has a field for such. */
const attribution = 'Sample of places by <a href="https://www.geonames.org/">GeoNames</a>, CC-BY-4.0';

/** Answers `GET /maps/api/place/nearbysearch/json` as Google's legacy Nearby Search does: errors come with HTTP 200 too. */
export function placesSearchReply(parameters: URLSearchParams, gazetteer: Gazetteer): Reply {
  const [latitude, longitude, ...rest] = (parameters.get('location') ?? '').split(',');
  const position = positionOf(latitude, longitude);
  if (position === undefined || rest.length > 0) return invalid('location must be a latitude and a longitude.');
  const radiusMetres = decimalOf(parameters.get('radius') ?? undefined);
  if (radiusMetres === undefined || radiusMetres < 0) return invalid('radius must be a number of metres.');

  const circle = { ...position, radiusKm: Math.min(radiusMetres, radiusMetresMax) / 1000 };
  const results = gazetteer.nearest(circle, resultsMax).map(resultOf);
  return reply({
    html_attributions: [attribution],
    results,
    status: results.length > 0 ? 'OK' : 'ZERO_RESULTS',
  });
}

function resultOf(place: Place): object {
  return {
    geometry: { location: { lat: place.latitude, lng: place.longitude } },
    name: place.name,
    place_id: `sample-${place.number}`,
    types: ['locality', 'political'],
    vicinity: addressOf(place),
  };
}

function invalid(message: string): Reply {
  return reply({ html_attributions: [], results: [], status: 'INVALID_REQUEST', error_message: message });
}

/** Google's own answers run over many lines. */
function reply(body: object): Reply {
  return { status: 200, body: `${JSON.stringify(body, null, 3)}\n` };
}
