import {
  parseJsonObject,
  placesResponse,
  placesError,
  radiusWarning,
  Secret,
  textOf,
  UpstreamError,
  redactKey,
  type PlaceResult,
  type Upstream,
} from '../../src/library/index.js';
import { validKey } from './services.js';
import type { ServiceReply, ServiceRequest } from './upstream-service.js';

const maxCount = 20;
const maxRadiusKm = 30;

interface Museum {
  readonly id: string;
  readonly name: string;
  readonly at: readonly [latitude: number, longitude: number];
}

/** An upstream as a program that embeds a herd would write it: of what the package exports, and of nothing else. */
export function museumsNearby(baseUrl: string, key: string): Upstream {
  const secret = new Secret(key);
  const upstream: Upstream = {
    maxCount,
    maxRadiusKm,
    request: ({ latitude, longitude, radiusKm, count }) => ({
      method: 'GET',
      url: `${baseUrl}/museums?at=${latitude},${longitude}&km=${Math.min(radiusKm, maxRadiusKm).toFixed(3)}&max=${count}`,
      headers: { authorization: `Bearer ${secret.reveal()}` },
    }),
    answer: (response, question) => {
      const { museums } = JSON.parse(textOf(parseJsonObject(response))) as { readonly museums?: readonly Museum[] };
      if (!Array.isArray(museums)) throw new UpstreamError('The upstream answered without a list of museums.');
      return placesResponse(['City museums'], museums.map(placeOf), radiusWarning(question, maxRadiusKm));
    },
    failure: placesError,
  };
  return redactKey(upstream, secret);
}

function placeOf({ id, name, at: [lat, lng] }: Museum): PlaceResult {
  return { geometry: { location: { lat, lng } }, name, place_id: id, types: ['museum'] };
}

/** What it asks. */
export function museumService({ path, query, headers }: ServiceRequest): ServiceReply {
  if (headers.authorization !== `Bearer ${validKey}`) return { status: 401, body: '{}' };
  if (path !== '/museums') return { status: 404, body: '{}' };
  const museums = Array.from({ length: Number(query.get('max')) }, (_, index): Museum => ({
    id: `museum-${index}`,
    name: `Musée ${index} – é`,
    at: [34.07, -118.44],
  }));
  return { status: 200, body: JSON.stringify({ museums }) };
}
