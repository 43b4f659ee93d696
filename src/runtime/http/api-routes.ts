import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { textOf } from '../../protocol/bytes.js';
import { isoPositionOf, parsePosition } from '../../protocol/position.js';
import { validRadiusKmMax } from '../../protocol/upstream.js';
import * as schemas from './api-schemas.js';
import { ChangeFeed } from './change-feed.js';
import type { Desk } from './desk.js';
import { herdRoutes } from './herd-routes.js';
import type { HttpEdges } from './http-edges.js';
import { HttpError } from './http-error.js';
import { degreesOf, locationJsonOf } from './location-json.js';
import { openApiOf, type RouteDescription } from './openapi.js';
import { formatSeconds } from '../../protocol/time.js';
import { phoneRoutes } from './phone-routes.js';
import type { Reception } from './reception.js';
import type { Reports } from './reports.js';
import { SseReader } from './sse-reader.js';

/** Who may follow changes at once; one more is turned away. */
const followersMax = 1_000;

/** Clients that are put into GeoJSON at a time; others are served between two pages. */
const geoPage = 1_000;

/** The media type of GeoJSON (RFC 7946, section 12). */
const geoJson = 'application/geo+json';

const routes: Readonly<Record<'report' | 'list' | 'where' | 'near' | 'geo' | 'changes', RouteDescription>> = {
  report: {
    method: 'post',
    path: '/api/locations',
    summary: 'Report where a client is.',
    body: schemas.reportBody,
    answer: schemas.locationAnswer,
  },
  list: {
    method: 'get',
    path: '/api/clients',
    summary: 'Where clients are, page by page.',
    query: schemas.listQuery,
    answer: schemas.listAnswer,
  },
  where: {
    method: 'get',
    path: '/api/clients/:client',
    summary: 'Where a client is.',
    parameters: schemas.clientPath,
    answer: schemas.locationAnswer,
  },
  near: {
    method: 'get',
    path: '/api/clients/:client/near',
    summary: 'What is near a client.',
    parameters: schemas.clientPath,
    query: schemas.nearQuery,
    answer: schemas.nearAnswer,
  },
  geo: {
    method: 'get',
    path: '/api/geojson',
    summary: 'Where all clients are.',
    answer: schemas.geoAnswer,
    answerType: geoJson,
  },
  changes: {
    method: 'get',
    path: '/api/changes',
    summary: 'Each change from now on, as server-sent events; resumable with Last-Event-ID.',
    query: schemas.changesQuery,
    headers: schemas.changesHeaders,
    answer: 'events',
  },
};

/** The protocol's questions and reports as JSON. */
export function serveApi(
  app: FastifyInstance,
  edges: HttpEdges,
  { desk, reception, reports }: { readonly desk: Desk; readonly reception: Reception; readonly reports: Reports },
): ChangeFeed {
  const { clock, upstream, config } = edges;
  const radiusKmMax = validRadiusKmMax(upstream);
  const access = config.access.clients === undefined ? 'open' : 'closed';
  const described = [...Object.values(routes), ...herdRoutes, ...phoneRoutes];
  // Made when it is asked for: few ask, and every start would wait for it.
  let description: unknown;
  app.get('/openapi.json', (_, reply) => reply.send((description ??= openApiOf(described, config.herd, access))));
  app.post(routes.report.path, { config: { entry: 'reporters' } }, (request, reply) => {
    const { client, position, time } = schemas.checked(schemas.reportBody, request.body);
    const location = reports.take(request, {
      client,
      position: typeof position === 'string' ? position : isoPositionOf(...position),
      time: time === undefined ? undefined : typeof time === 'string' ? time : formatSeconds(time),
    });
    return reply.send(locationJsonOf(location));
  });
  app.get(routes.list.path, async ({ query }, reply) => {
    const { limit, after } = schemas.checked(schemas.listQuery, query);
    const { locations, next, size } = await desk.list(after, limit);
    return fresh(reply).send({ clients: locations.map(locationJsonOf), next: next ?? null, size });
  });
  const find = async (params: unknown) => {
    const { client } = schemas.checked(schemas.clientPath, params);
    const location = await desk.whereIs(reception.clientIdOf(client));
    if (location === undefined) throw new HttpError(404, `nobody in the herd knows ${client}`);
    return location;
  };
  app.get(routes.where.path, async ({ params }, reply) => fresh(reply).send(locationJsonOf(await find(params))));
  app.get(routes.near.path, async ({ params, query }, reply) => {
    const { radius: radiusKm, count } = schemas.checked(schemas.nearQuery, query);
    if (count > upstream.countMax) throw new HttpError(400, `count is at most ${upstream.countMax}`);
    if (radiusKm > radiusKmMax) throw new HttpError(400, `radius is at most ${radiusKmMax}`);
    const location = await find(params);
    const position = parsePosition(location.position);
    if (position === undefined) throw new Error(`${location.line} has no position`);
    const near = textOf(await desk.nearby({ ...position, radiusKm, count }));
    // Its numbers may have more digits than JavaScript's, so it is relayed as text.
    const body = `{"location":${JSON.stringify(locationJsonOf(location))},"near":${near}}`;
    return fresh(reply).type('application/json; charset=utf-8').send(body);
  });
  app.get(routes.geo.path, (_, reply) =>
    fresh(reply)
      .type(`${geoJson}; charset=utf-8`)
      .send(Readable.from(features(desk))),
  );
  const feed = new ChangeFeed(edges.bus, clock);
  app.get(
    routes.changes.path,
    { exposeHeadRoute: false, config: { answer: 'stream' } },
    ({ query, headers }, reply) => {
      const { client } = schemas.checked(schemas.changesQuery, query);
      if (feed.size >= followersMax) throw new HttpError(503, `${followersMax} others follow already`);
      const only = client === undefined ? undefined : reception.clientIdOf(client);
      const last = headers['last-event-id'];
      reply.hijack();
      let remove = (): void => undefined;
      const reader = new SseReader(reply.raw, clock, () => remove(), reply.getHeaders() as Record<string, string>);
      remove = feed.add(reader, only, typeof last === 'string' && last !== '' ? last : undefined);
    },
  );
  return feed;
}

function fresh(reply: FastifyReply): FastifyReply {
  return reply.header('cache-control', 'no-store');
}

/** All clients as GeoJSON (RFC 7946), a page at a time: whoever reads slowly holds up nobody and no memory. */
async function* features(desk: Desk): AsyncGenerator<string> {
  yield '{"type":"FeatureCollection","features":[';
  let separator = '';
  for (let from: number | undefined = 0; from !== undefined;) {
    const page: Awaited<ReturnType<Desk['list']>> = await desk.list(from, geoPage);
    let text = '';
    for (const location of page.locations) {
      const [latitude, longitude] = degreesOf(location);
      const { client, server, time } = locationJsonOf(location);
      const geometry = { type: 'Point', coordinates: [longitude, latitude] };
      text += separator + JSON.stringify({ type: 'Feature', geometry, properties: { client, server, time } });
      separator = ',\n';
    }
    if (text !== '') yield text;
    from = page.next;
  }
  yield ']}\n';
}
