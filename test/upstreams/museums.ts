import {
  objectOf,
  placesAnswer,
  placesFailure,
  radiusCut,
  Secret,
  textOf,
  UpstreamError,
  withoutKey,
  type PlaceResult,
  type Upstream,
} from '../../src/library/index.js';
import { goodKey } from './services.js';
import type { ServiceReply, ServiceRequest } from './upstream-service.js';

const countMax = 20;
const radiusKmMax = 30;

interface Museum {
  readonly id: string;
  readonly name: string;
  readonly at: readonly [latitude: number, longitude: number];
}

/** An upstream as a program that embeds a herd would write it: of what the package exports, and of nothing else. */
export function museumsNearby(baseUrl: string, key: string): Upstream {
  const secret = new Secret(key);
  const upstream: Upstream = {
    countMax,
    radiusKmMax,
    request: ({ latitude, longitude, radiusKm, count }) => ({
      method: 'GET',
      url: `${baseUrl}/museums?at=${latitude},${longitude}&km=${Math.min(radiusKm, radiusKmMax).toFixed(3)}&max=${count}`,
      headers: { authorization: `Bearer ${secret.reveal()}` },
    }),
    answer: (response, question) => {
      const { museums } = JSON.parse(textOf(objectOf(response))) as { readonly museums?: readonly Museum[] };
      if (!Array.isArray(museums)) throw new UpstreamError('The upstream answered without a list of museums.');
      return placesAnswer(['City museums'], museums.map(placeOf), radiusCut(question, radiusKmMax));
    },
    failure: placesFailure,
  };
  return withoutKey(upstream, secret);
}

function placeOf({ id, name, at: [lat, lng] }: Museum): PlaceResult {
  return { geometry: { location: { lat, lng } }, name, place_id: id, types: ['museum'] };
}

/** What it asks. */
export function museumService({ path, query, headers }: ServiceRequest): ServiceReply {
  if (headers.authorization !== `Bearer ${goodKey}`) return { status: 401, body: '{}' };
  if (path !== '/museums') return { status: 404, body: '{}' };
  const museums = Array.from({ length: Number(query.get('max')) }, (_, index): Museum => ({
    id: `museum-${index}`,
    name: `Musée ${index} – é`,
    at: [34.07, -118.44],
  }));
  return { status: 200, body: JSON.stringify({ museums }) };
}
