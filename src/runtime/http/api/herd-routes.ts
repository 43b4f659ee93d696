import type { FastifyInstance } from 'fastify';
import { linksOf } from '../../../protocol/place/topology.js';
import type { Desk } from './actor-gateway.js';
import { EventFeed } from './event-feed.js';
import type { EventStreams } from './event-streams.js';
import type { Gate } from '../auth/auth-hook.js';
import type { HerdPlaces } from '../auth/herd-origins.js';
import { herdAnswer } from './herd-schemas.js';
import type { HttpEdges } from '../server/http-context.js';
import type { RouteDescription } from './openapi.js';
import { HttpError } from '../server/http-error.js';

/** What is described of them. */
export const herdRoutes: readonly RouteDescription[] = [
  {
    method: 'get',
    path: '/api/herd',
    summary: 'What this server knows of the herd and of itself.',
    answer: herdAnswer,
  },
  {
    method: 'get',
    path: '/api/events',
    summary: 'What happens in this server from now on, as server-sent events.',
    answer: 'events',
  },
];

/** Who may read along at once; one more is turned away. */
const readersMax = 1_000;

/** What these routes are made of. */
interface HerdParts {
  readonly places: () => HerdPlaces;
  readonly desk: Desk;
  readonly gate: Gate;
  readonly streams: EventStreams;
}

/** What this server knows of the herd and of itself, and what happens in it: for those who look at it. */
export function serveHerd(
  app: FastifyInstance,
  edges: HttpEdges,
  { places, desk, gate, streams }: HerdParts,
): EventFeed {
  const { config, server, view, counts, bus, upstream, faultOf } = edges;
  const talks = linksOf(config.topology);
  app.get('/api/herd', async (request, reply) => {
    const { size } = await desk.list(0, 0);
    const waitsFor = view.notReady();
    return reply.header('cache-control', 'no-store').send({
      herd: config.herd,
      server,
      administration: gate.administering(request),
      servers: places().urls(request.headers.host),
      talks,
      links: view.linksNow().map((link) => ({ ...link, fault: faultOf(link.neighbour) })),
      bucket: view.bucketNow() ?? null,
      hold: config.spread.kind === 'nats' ? config.spread.hold : 'all',
      upstream: { kind: config.upstream.kind, countMax: upstream.countMax },
      locations: size,
      clients: view.clients,
      ready: waitsFor.length === 0,
      waitsFor,
      counts: counts.totals,
    });
  });
  const feed = new EventFeed(bus);
  app.get('/api/events', { exposeHeadRoute: false, config: { answer: 'stream' } }, (request, reply) => {
    if (feed.size >= readersMax) throw new HttpError(503, `${readersMax} others read along already`);
    feed.add(streams.open(request, reply, (reader) => feed.remove(reader)));
  });
  return feed;
}
