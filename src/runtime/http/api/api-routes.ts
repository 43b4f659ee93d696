import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ActorGateway, LocationPage } from '../../../actors/client/actor-gateway.js';
import { textOf } from '../../../protocol/text/bytes.js';
import { formatIsoPosition, parsePosition } from '../../../protocol/place/position.js';
import { maxValidRadiusKm } from '../../../protocol/upstream/upstream.js';
import * as schemas from './api-schemas.js';
import type { GeoJsonFeature, ListResponse, LocationJson } from './api-types.js';
import { ChangeFeed } from './change-feed.js';
import type { EventStreams } from './event-streams.js';
import { herdRoutes } from './herd-routes.js';
import type { HttpContext } from '../server/http-context.js';
import { HttpError } from '../server/http-error.js';
import { coordinatesOf, toLocationJson } from './location-json.js';
import { buildOpenApi, type RouteDescription } from './openapi.js';
import { remoteAddressOfSocket } from '../../sockets/listener.js';
import { formatSeconds } from '../../../protocol/place/time.js';
import type { PagedResponses } from '../server/paged-responses.js';
import { trackerRoutes } from '../trackers/routes.js';
import type { ReportIngest } from './report-ingest.js';

/** Maximum readers of changes; one more is rejected. */
const maxChangeStreams = 1_000;

/** Locations converted to JSON at once, in about 0.5 ms; other requests are served between two pages. */
const pageSize = 100;

/** Header of responses that are outdated as soon as they are sent. */
const noStore = ['cache-control', 'no-store'] as const;

/** The media type of GeoJSON (RFC 7946, section 12). */
const geoJsonType = 'application/geo+json';

const routes: Readonly<Record<'report' | 'list' | 'where' | 'near' | 'geo' | 'changes', RouteDescription>> = {
  report: {
    method: 'post',
    path: '/api/locations',
    summary: 'Report the location of a client.',
    body: schemas.reportBody,
    response: schemas.locationResponse,
  },
  list: {
    method: 'get',
    path: '/api/clients',
    summary: 'List the locations of all clients, in pages.',
    query: schemas.listQuery,
    response: schemas.listResponse,
  },
  where: {
    method: 'get',
    path: '/api/clients/:client',
    summary: 'Get the location of a client.',
    parameters: schemas.clientPath,
    response: schemas.locationResponse,
  },
  near: {
    method: 'get',
    path: '/api/clients/:client/near',
    summary: 'Search near a client.',
    parameters: schemas.clientPath,
    query: schemas.nearbyQuery,
    response: schemas.nearbyResponse,
  },
  geo: {
    method: 'get',
    path: '/api/geojson',
    summary: 'Get the locations of all clients as GeoJSON.',
    response: schemas.geoJsonResponse,
    responseType: geoJsonType,
  },
  changes: {
    method: 'get',
    path: '/api/changes',
    summary: 'Follow new locations as server-sent events; resumable with Last-Event-ID.',
    query: schemas.changesQuery,
    headers: schemas.changesHeaders,
    response: 'events',
  },
};

/** Services that the routes use, besides the context. */
interface ApiDependencies {
  readonly reports: ReportIngest;
  readonly streams: EventStreams;
  readonly pagedResponses: PagedResponses;
}

/** Serves reports and queries as JSON. */
export function serveApi(
  app: FastifyInstance,
  context: HttpContext,
  { reports, streams, pagedResponses }: ApiDependencies,
): ChangeFeed {
  const { gateway, clock, upstream, config } = context;
  const maxRadiusKm = maxValidRadiusKm(upstream);
  const isTokenRequired = config.auth.clientToken !== undefined;
  const routeDescriptions = [...Object.values(routes), ...herdRoutes, ...trackerRoutes];
  // Built on the first request: it is rarely needed, and would slow down every start.
  let openApiDocument: unknown;
  app.get('/openapi.json', (_, reply) =>
    reply.send((openApiDocument ??= buildOpenApi(routeDescriptions, config.herd, isTokenRequired))),
  );
  app.post<{ Reply: LocationJson }>(routes.report.path, { config: { policy: 'report' } }, (request, reply) => {
    const { client, position, time } = schemas.parseInput(schemas.reportBody, request.body);
    const location = reports.accept(request, {
      client,
      position: typeof position === 'string' ? position : formatIsoPosition(...position),
      time: time === undefined ? undefined : typeof time === 'string' ? time : formatSeconds(time),
    });
    void reply.send(toLocationJson(location));
  });
  app.get(routes.list.path, (request, reply) => {
    const { limit, after } = schemas.parseInput(schemas.listQuery, request.query);
    return pagedResponses.send(
      request,
      reply.header(...noStore),
      'application/json; charset=utf-8',
      generateClientList(gateway, after, limit),
    );
  });
  const findLocation = async ({ params, raw }: Pick<FastifyRequest, 'params' | 'raw'>) => {
    const { client } = schemas.parseInput(schemas.clientPath, params);
    const location = await gateway.findLocation(reports.parseClientId(client), remoteAddressOfSocket(raw.socket));
    if (location === undefined) throw new HttpError(404, `no server knows client ${client}`);
    return location;
  };
  app.get<{ Reply: LocationJson }>(routes.where.path, async (request, reply) => {
    const location = toLocationJson(await findLocation(request));
    return reply.header(...noStore).send(location);
  });
  app.get(routes.near.path, async (request, reply) => {
    const { radius: radiusKm, count } = schemas.parseInput(schemas.nearbyQuery, request.query);
    if (count > upstream.maxCount) throw new HttpError(400, `count must be at most ${upstream.maxCount}`);
    if (radiusKm > maxRadiusKm) throw new HttpError(400, `radius must be at most ${maxRadiusKm}`);
    const location = await findLocation(request);
    const position = parsePosition(location.position);
    if (position === undefined) throw new Error(`${location.line} has no position`);
    const nearbyJson = textOf(
      await gateway.nearby({ ...position, radiusKm, count }, remoteAddressOfSocket(request.raw.socket)),
    );
    // Relayed as text: its numbers may have more digits than a double holds.
    const body = `{"location":${JSON.stringify(toLocationJson(location))},"near":${nearbyJson}}`;
    return reply
      .header(...noStore)
      .type('application/json; charset=utf-8')
      .send(body);
  });
  app.get(routes.geo.path, (request, reply) =>
    pagedResponses.send(request, reply.header(...noStore), `${geoJsonType}; charset=utf-8`, generateGeoJson(gateway)),
  );
  const feed = new ChangeFeed(context.bus, clock);
  app.get(routes.changes.path, { exposeHeadRoute: false, config: { response: 'stream' } }, (request, reply) => {
    const { client } = schemas.parseInput(schemas.changesQuery, request.query);
    if (feed.size >= maxChangeStreams)
      throw new HttpError(503, `too many readers of changes (limit ${maxChangeStreams})`);
    const clientFilter = client === undefined ? undefined : reports.parseClientId(client);
    const lastEventId = request.headers['last-event-id'];
    let remove = (): void => undefined;
    const reader = streams.open(request, reply, () => remove());
    remove = feed.add(
      reader,
      clientFilter,
      typeof lastEventId === 'string' && lastEventId !== '' ? lastEventId : undefined,
    );
  });
  return feed;
}

/** Yields a page of about `limit` clients in parts. */
async function* generateClientList(
  gateway: ActorGateway,
  after: number,
  limit: number,
): AsyncGenerator<string, void, void> {
  let count = 0;
  let cursor: number | undefined = after;
  let size = 0;
  for (let prefix = '{"clients":['; cursor !== undefined && count < limit; prefix = '') {
    const page: LocationPage = await gateway.list(cursor, Math.min(pageSize, limit - count));
    let chunk = prefix;
    for (const location of page.locations) {
      chunk += (count === 0 ? '' : ',') + JSON.stringify(toLocationJson(location));
      count += 1;
    }
    if (chunk !== '') yield chunk;
    ({ next: cursor, size } = page);
  }
  const end: Omit<ListResponse, 'clients'> = { next: cursor ?? null, size };
  yield `],${JSON.stringify(end).slice(1)}`;
}

/** Yields all clients as GeoJSON (RFC 7946) in parts. */
async function* generateGeoJson(gateway: ActorGateway): AsyncGenerator<string, void, void> {
  let chunk = '{"type":"FeatureCollection","features":[';
  let separator = '';
  for (let cursor: number | undefined = 0; cursor !== undefined;) {
    const page: LocationPage = await gateway.list(cursor, pageSize);
    for (const location of page.locations) {
      const [latitude, longitude] = coordinatesOf(location);
      const { client, server, time } = toLocationJson(location);
      const feature: GeoJsonFeature = {
        type: 'Feature',
        geometry: { type: 'Point', coordinates: [longitude, latitude] },
        properties: { client, server, time },
      };
      chunk += separator + JSON.stringify(feature);
      separator = ',\n';
    }
    if (chunk !== '') yield chunk;
    chunk = '';
    cursor = page.next;
  }
  yield ']}\n';
}
