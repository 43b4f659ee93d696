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
import { trackerRoutes } from '../trackers/tracker-routes.js';
import type { ReportIngest } from './report-ingest.js';

/** Who may follow changes at once; one more is turned away. */
const maxChangeStreams = 1_000;

/** Clients whose locations are made JSON at a time, in half a millisecond or so; others are served between two pages. */
const pageSize = 100;

/** Header of responses that are outdated as soon as they are sent. */
const noStore = ['cache-control', 'no-store'] as const;

/** The media type of GeoJSON (RFC 7946, section 12). */
const geoJsonType = 'application/geo+json';

const routes: Readonly<Record<'report' | 'list' | 'where' | 'near' | 'geo' | 'changes', RouteDescription>> = {
  report: {
    method: 'post',
    path: '/api/locations',
    summary: 'Report where a client is.',
    body: schemas.reportBody,
    response: schemas.locationResponse,
  },
  list: {
    method: 'get',
    path: '/api/clients',
    summary: 'Where clients are, page by page.',
    query: schemas.listQuery,
    response: schemas.listResponse,
  },
  where: {
    method: 'get',
    path: '/api/clients/:client',
    summary: 'Where a client is.',
    parameters: schemas.clientPath,
    response: schemas.locationResponse,
  },
  near: {
    method: 'get',
    path: '/api/clients/:client/near',
    summary: 'What is near a client.',
    parameters: schemas.clientPath,
    query: schemas.nearbyQuery,
    response: schemas.nearbyResponse,
  },
  geo: {
    method: 'get',
    path: '/api/geojson',
    summary: 'Where all clients are.',
    response: schemas.geoJsonResponse,
    responseType: geoJsonType,
  },
  changes: {
    method: 'get',
    path: '/api/changes',
    summary: 'Each change from now on, as server-sent events; resumable with Last-Event-ID.',
    query: schemas.changesQuery,
    headers: schemas.changesHeaders,
    response: 'events',
  },
};

/** What the API is made of. */
interface ApiDependencies {
  readonly reports: ReportIngest;
  readonly streams: EventStreams;
  readonly pagedResponses: PagedResponses;
}

/** The protocol's questions and reports as JSON. */
export function serveApi(
  app: FastifyInstance,
  context: HttpContext,
  { reports, streams, pagedResponses }: ApiDependencies,
): ChangeFeed {
  const { gateway, clock, upstream, config } = context;
  const maxRadiusKm = maxValidRadiusKm(upstream);
  const tokenPolicy = config.auth.clientToken === undefined ? 'open' : 'closed';
  const routeDescriptions = [...Object.values(routes), ...herdRoutes, ...trackerRoutes];
  // Made when it is asked for: few ask, and every start would wait for it.
  let openApiDocument: unknown;
  app.get('/openapi.json', (_, reply) =>
    reply.send((openApiDocument ??= buildOpenApi(routeDescriptions, config.herd, tokenPolicy))),
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
    if (location === undefined) throw new HttpError(404, `nobody in the herd knows ${client}`);
    return location;
  };
  app.get<{ Reply: LocationJson }>(routes.where.path, async (request, reply) => {
    const location = toLocationJson(await findLocation(request));
    return reply.header(...noStore).send(location);
  });
  app.get(routes.near.path, async (request, reply) => {
    const { radius: radiusKm, count } = schemas.parseInput(schemas.nearbyQuery, request.query);
    if (count > upstream.maxCount) throw new HttpError(400, `count is at most ${upstream.maxCount}`);
    if (radiusKm > maxRadiusKm) throw new HttpError(400, `radius is at most ${maxRadiusKm}`);
    const location = await findLocation(request);
    const position = parsePosition(location.position);
    if (position === undefined) throw new Error(`${location.line} has no position`);
    const nearbyJson = textOf(
      await gateway.nearby({ ...position, radiusKm, count }, remoteAddressOfSocket(request.raw.socket)),
    );
    // Its numbers may have more digits than JavaScript's, so it is relayed as text.
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
    if (feed.size >= maxChangeStreams) throw new HttpError(503, `${maxChangeStreams} others follow already`);
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

/** A page of about `limit` clients, in parts. */
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

/** All clients as GeoJSON (RFC 7946), in parts. */
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
