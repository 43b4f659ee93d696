import type { ServiceReply, ServiceRequest } from './upstream-service.js';

/*
 * What the real services are documented to do, as far as anybody asks them here: which questions they take, what they answer, and
 * how they say that they do not. Everything is near everything.
 */

/** The key that they know. */
export const validKey = 'herd-test-KEY+/=0123456789';

/** How many results they have. */
const availableResults = 150;

function jsonReply(body: object): ServiceReply {
  return { status: 200, body: JSON.stringify(body, null, 1) };
}

function errorReply(status: number, body: object): ServiceReply {
  return { status, body: JSON.stringify(body) };
}

const decimal = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;

/** The Twitter Search API 1.0. */
export function twitterService({ method, path, query }: ServiceRequest): ServiceReply {
  if (method !== 'GET' || path !== '/search.json') return errorReply(404, { error: 'Not found' });
  const geocode = /^(-?[\d.]+),(-?[\d.]+),(\d+(?:\.\d+)?)km$/.exec(query.get('geocode') ?? '');
  if (geocode === null) return errorReply(403, { error: 'You must enter a query.' });
  const count = Math.min(100, Number(query.get('rpp') ?? 15));
  const results = Array.from(
    { length: count },
    (_, index) => `{"id":${309107149164920832n + BigInt(index)},"text":"é"}`,
  );
  // By hand: the ids are no doubles.
  const body = `{\n "results": [${results.join(', ')}],\n "max_id": 309107149164920832, "page": 1, "query": "" }\n`;
  return { status: 200, body };
}

/** The recent search of the X API v2. */
export function xService({ method, path, query, headers }: ServiceRequest): ServiceReply {
  const problem = (status: number, title: string, detail: string, more = {}) =>
    errorReply(status, { title, detail, type: 'about:blank', status, ...more });
  if (headers.authorization !== `Bearer ${validKey}`) return problem(401, 'Unauthorized', 'Unauthorized');
  if (method !== 'GET' || path !== '/2/tweets/search/recent') return problem(404, 'Not Found', 'Not Found');
  const invalid = (message: string) =>
    problem(400, 'Invalid Request', 'One or more parameters to your request was invalid.', {
      errors: [{ parameters: {}, message }],
    });
  const text = query.get('query') ?? '';
  const [, longitude = '', latitude = '', km = ''] = /^point_radius:\[(\S+) (\S+) (\S+)km\]$/.exec(text) ?? [];
  if (text.length > 512 || ![longitude, latitude, km].every((number) => decimal.test(number))) {
    return invalid(`There were errors processing your request: ${text}`);
  }
  if (Number(km) <= 0 || Number(km) > 40) return invalid('radius must be less than 25mi');
  const count = Number(query.get('max_results') ?? 10);
  if (!Number.isInteger(count) || count < 10 || count > 100) {
    return invalid('The `max_results` query parameter value is not between 10 and 100');
  }
  const ids = Array.from(
    { length: Math.min(count, availableResults) },
    (_, index) => `${1859900000000000001n + BigInt(index)}`,
  );
  return jsonReply({
    data: ids.map((id, index) => ({
      id,
      text: `post ${index} & more`,
      author_id: '1234567890123456789',
      created_at: '2026-11-20T10:00:00.000Z',
      lang: index === 0 ? 'und' : 'de',
      source: 'A "phone" <app>',
      ...(index === 0
        ? { geo: { place_id: 'p', coordinates: { type: 'Point', coordinates: [-118.44, 34.07] } } }
        : { geo: { place_id: 'p' } }),
    })),
    includes: {
      users: [{ id: '1234567890123456789', name: 'A B', username: 'ab', profile_image_url: 'https://i.example/a.png' }],
      places: [
        { id: 'p', full_name: 'LA', place_type: 'city', geo: { type: 'Feature', bbox: [0, 0, 1, 1], properties: {} } },
      ],
    },
    meta: { newest_id: ids[0], oldest_id: ids.at(-1), result_count: ids.length, next_token: 'b26v' },
  });
}

/** The Nearby Search of Google Places (New). */
export function googlePlacesService({ method, path, headers, body }: ServiceRequest): ServiceReply {
  const error = (code: number, status: string, message: string) =>
    errorReply(code, { error: { code, message, status } });
  if (method !== 'POST' || path !== '/v1/places:searchNearby') return error(404, 'NOT_FOUND', 'not found');
  if (headers['x-goog-api-key'] !== validKey) {
    return error(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.');
  }
  const mask = headers['x-goog-fieldmask'];
  if (typeof mask !== 'string') return error(400, 'INVALID_ARGUMENT', 'FieldMask is a required parameter.');
  const requestBody = JSON.parse(body) as {
    maxResultCount: number;
    locationRestriction: { circle: { center: { latitude: number; longitude: number }; radius: number } };
  };
  const { center, radius } = requestBody.locationRestriction.circle;
  if (!(requestBody.maxResultCount >= 1 && requestBody.maxResultCount <= 20)) {
    return error(400, 'INVALID_ARGUMENT', 'Max result count must be between 1 and 20 inclusively.');
  }
  if (!(radius > 0 && radius <= 50_000)) return error(400, 'INVALID_ARGUMENT', 'Radius must be in (0, 50000].');
  if (!(Math.abs(center.latitude) <= 90 && Math.abs(center.longitude) <= 180)) {
    return error(400, 'INVALID_ARGUMENT', 'Invalid center.');
  }
  return jsonReply({
    places: Array.from({ length: requestBody.maxResultCount }, (_, index) => ({
      id: `ChIJ${index}`,
      types: ['bar', 'point_of_interest'],
      location: { latitude: 34.07, longitude: -118.44 },
      businessStatus: 'OPERATIONAL',
      displayName: { text: `Café ${index}`, languageCode: 'en' },
      shortFormattedAddress: '1 Main St',
      ...(index === 0 ? { attributions: [{ provider: 'A & B', providerUri: 'https://ab.example/' }] } : {}),
    })),
  });
}

/** The Nearby Search of Google Places (legacy): always HTTP 200. */
export function googlePlacesLegacyService({ path, query }: ServiceRequest): ServiceReply {
  const status = (word: string, message?: string) =>
    jsonReply({
      html_attributions: [],
      results: [],
      status: word,
      ...(message === undefined ? {} : { error_message: message }),
    });
  if (path !== '/maps/api/place/nearbysearch/json') return { status: 404, body: '<!DOCTYPE html>' };
  if (query.get('key') !== validKey) return status('REQUEST_DENIED', 'The provided API key is invalid.');
  const radius = Number(query.get('radius') ?? NaN);
  if (!/^-?[\d.]+,-?[\d.]+$/.test(query.get('location') ?? '') || !(radius >= 0 && radius <= 50_000)) {
    return status('INVALID_REQUEST');
  }
  return jsonReply({
    html_attributions: [],
    next_page_token: 'more',
    results: Array.from({ length: 20 }, (_, index) => ({
      geometry: { location: { lat: 34.07, lng: -118.44 } },
      name: `Café ${index}`,
      place_id: `ChIJ${index}`,
      types: ['bar'],
      vicinity: '1 Main St',
      rating: 4.5,
    })),
    status: 'OK',
  });
}

/** The geosearch of MediaWiki: its errors come with HTTP 200. */
export function wikipediaService({ path, query, headers }: ServiceRequest): ServiceReply {
  if (path !== '/w/api.php') return { status: 404, body: '<!DOCTYPE html>' };
  if (!/^\S+\/\S+ \(\S+\) \S+\/\S+$/.test(headers['user-agent'] ?? '')) {
    return { status: 403, body: 'Please set a user-agent and respect our robot policy' };
  }
  const error = (code: string, info: string) =>
    jsonReply({ error: { code, info, docref: 'See https://en.wikipedia.org/w/api.php' } });
  const [latitude = '', longitude = ''] = (query.get('gscoord') ?? '').split('|');
  if (!decimal.test(latitude) || !decimal.test(longitude)) return error('invalid-coord', 'Invalid coordinate provided');
  const within = (name: string, least: number, most: number) => {
    const text = query.get(name) ?? '';
    return /^\d+$/.test(text) && Number(text) >= least && Number(text) <= most;
  };
  if (!within('gsradius', 10, 10_000)) return error('badinteger', 'gsradius must be between 10 and 10,000.');
  if (!within('gslimit', 1, 500)) return error('badinteger', 'gslimit must be between 1 and 500.');
  if (query.get('formatversion') !== '2') return error('badvalue', 'this test wants formatversion 2');
  return jsonReply({
    batchcomplete: true,
    query: {
      geosearch: Array.from({ length: Number(query.get('gslimit')) }, (_, index) => ({
        pageid: 100 + index,
        ns: 0,
        title: `Royce Hall ${index} – é`,
        lat: 34.07,
        lon: -118.44,
        dist: 12.5,
        primary: true,
      })),
    },
  });
}
