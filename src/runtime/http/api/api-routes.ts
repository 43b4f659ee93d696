import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { textOf } from '../../../protocol/text/bytes.js';
import { isoPositionOf, parsePosition } from '../../../protocol/place/position.js';
import { validRadiusKmMax } from '../../../protocol/upstream/upstream.js';
import * as schemas from './api-schemas.js';
import { ChangeFeed } from './change-feed.js';
import type { Desk, Page } from './actor-gateway.js';
import type { EventStreams } from './event-streams.js';
import { herdRoutes } from './herd-routes.js';
import type { HttpEdges } from '../server/http-context.js';
import { HttpError } from '../server/http-error.js';
import { degreesOf, locationJsonOf } from './location-json.js';
import { openApiOf, type RouteDescription } from './openapi.js';
import { addressOfSocket } from '../../sockets/listening.js';
import { formatSeconds } from '../../../protocol/place/time.js';
import type { PagedAnswers } from '../server/paged-responses.js';
import { phoneRoutes } from '../trackers/tracker-routes.js';
import type { Reception } from './report-ingest.js';
import type { Reports } from './reports.js';

/** Who may follow changes at once; one more is turned away. */
const followersMax = 1_000;

/** Clients whose locations are made JSON at a time, in half a millisecond or so; others are served between two pages. */
const pageClients = 100;

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

/** What the API is made of. */
interface ApiParts {
  readonly desk: Desk;
  readonly reception: Reception;
  readonly reports: Reports;
  readonly streams: EventStreams;
  readonly answers: PagedAnswers;
}

/** The protocol's questions and reports as JSON. */
export function serveApi(
  app: FastifyInstance,
  edges: HttpEdges,
  { desk, reception, reports, streams, answers }: ApiParts,
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
  app.get(routes.list.path, (request, reply) => {
    const { limit, after } = schemas.checked(schemas.listQuery, request.query);
    return answers.send(request, fresh(reply), 'application/json; charset=utf-8', listed(desk, after, limit));
  });
  const find = async ({ params, raw }: FastifyRequest) => {
    const { client } = schemas.checked(schemas.clientPath, params);
    const location = await desk.whereIs(reception.clientIdOf(client), addressOfSocket(raw.socket));
    if (location === undefined) throw new HttpError(404, `nobody in the herd knows ${client}`);
    return location;
  };
  app.get(routes.where.path, async (request, reply) => fresh(reply).send(locationJsonOf(await find(request))));
  app.get(routes.near.path, async (request, reply) => {
    const { radius: radiusKm, count } = schemas.checked(schemas.nearQuery, request.query);
    if (count > upstream.countMax) throw new HttpError(400, `count is at most ${upstream.countMax}`);
    if (radiusKm > radiusKmMax) throw new HttpError(400, `radius is at most ${radiusKmMax}`);
    const location = await find(request);
    const position = parsePosition(location.position);
    if (position === undefined) throw new Error(`${location.line} has no position`);
    const near = textOf(await desk.nearby({ ...position, radiusKm, count }, addressOfSocket(request.raw.socket)));
    // Its numbers may have more digits than JavaScript's, so it is relayed as text.
    const body = `{"location":${JSON.stringify(locationJsonOf(location))},"near":${near}}`;
    return fresh(reply).type('application/json; charset=utf-8').send(body);
  });
  app.get(routes.geo.path, (request, reply) =>
    answers.send(request, fresh(reply), `${geoJson}; charset=utf-8`, features(desk)),
  );
  const feed = new ChangeFeed(edges.bus, clock);
  app.get(routes.changes.path, { exposeHeadRoute: false, config: { answer: 'stream' } }, (request, reply) => {
    const { client } = schemas.checked(schemas.changesQuery, request.query);
    if (feed.size >= followersMax) throw new HttpError(503, `${followersMax} others follow already`);
    const only = client === undefined ? undefined : reception.clientIdOf(client);
    const last = request.headers['last-event-id'];
    let remove = (): void => undefined;
    const reader = streams.open(request, reply, () => remove());
    remove = feed.add(reader, only, typeof last === 'string' && last !== '' ? last : undefined);
  });
  return feed;
}

function fresh(reply: FastifyReply): FastifyReply {
  return reply.header('cache-control', 'no-store');
}

/** A page of about `limit` clients, in parts. */
async function* listed(desk: Desk, after: number, limit: number): AsyncGenerator<string, void, void> {
  let count = 0;
  let from: number | undefined = after;
  let size = 0;
  for (let start = '{"clients":['; from !== undefined && count < limit; start = '') {
    const page: Page = await desk.list(from, Math.min(pageClients, limit - count));
    let text = start;
    for (const location of page.locations) {
      text += (count === 0 ? '' : ',') + JSON.stringify(locationJsonOf(location));
      count += 1;
    }
    if (text !== '') yield text;
    ({ next: from, size } = page);
  }
  yield `],"next":${from ?? null},"size":${size}}`;
}

/** All clients as GeoJSON (RFC 7946), in parts. */
async function* features(desk: Desk): AsyncGenerator<string, void, void> {
  let text = '{"type":"FeatureCollection","features":[';
  let separator = '';
  for (let from: number | undefined = 0; from !== undefined;) {
    const page: Page = await desk.list(from, pageClients);
    for (const location of page.locations) {
      const [latitude, longitude] = degreesOf(location);
      const { client, server, time } = locationJsonOf(location);
      const geometry = { type: 'Point', coordinates: [longitude, latitude] };
      text += separator + JSON.stringify({ type: 'Feature', geometry, properties: { client, server, time } });
      separator = ',\n';
    }
    if (text !== '') yield text;
    text = '';
    from = page.next;
  }
  yield ']}\n';
}
