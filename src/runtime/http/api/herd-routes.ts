import type { FastifyInstance } from 'fastify';
import { linksOf } from '../../../protocol/place/topology.js';
import type { HerdResponse } from './api-types.js';
import { EventFeed } from './event-feed.js';
import type { EventStreams } from './event-streams.js';
import type { AuthHook } from '../auth/auth-hook.js';
import type { HerdOrigins } from '../auth/herd-origins.js';
import { herdResponse } from './herd-schemas.js';
import type { HttpContext } from '../server/http-context.js';
import type { RouteDescription } from './openapi.js';
import { HttpError } from '../server/http-error.js';

/** Routes of the herd's status, as described by OpenAPI. */
export const herdRoutes: readonly RouteDescription[] = [
  {
    method: 'get',
    path: '/api/herd',
    summary: 'Get the status of this server and its links.',
    response: herdResponse,
  },
  {
    method: 'get',
    path: '/api/events',
    summary: 'Follow the events of this server as server-sent events.',
    response: 'events',
  },
];

/** Maximum readers of events; one more is rejected. */
const maxEventStreams = 1_000;

/** Services that the routes use, besides the context. */
interface HerdDependencies {
  readonly origins: () => HerdOrigins;
  readonly authHook: AuthHook;
  readonly streams: EventStreams;
}

/** Serves the status of this server and its events. */
export function serveHerd(
  app: FastifyInstance,
  context: HttpContext,
  { origins, authHook, streams }: HerdDependencies,
): EventFeed {
  const { gateway, config, server, status, counts, bus, upstream, faultOf } = context;
  const topology = linksOf(config.topology);
  app.get<{ Reply: HerdResponse }>('/api/herd', async (request, reply) => {
    const { size } = await gateway.list(0, 0);
    const notReadyReasons = status.notReadyReasons();
    return reply.header('cache-control', 'no-store').send({
      herd: config.herd,
      server,
      adminAccess: authHook.checkAdminAccess(request),
      servers: origins().urls(request.headers.host),
      topology,
      links: status.linkSnapshots().map((link) => ({ ...link, injectedFault: faultOf(link.neighbour) })),
      nats: status.natsSnapshot() ?? null,
      upstream: { kind: config.upstream.kind, maxCount: upstream.maxCount },
      locations: size,
      connections: status.connections,
      ready: notReadyReasons.length === 0,
      notReadyReasons,
      counters: counts.totals,
    });
  });
  const feed = new EventFeed(bus);
  app.get('/api/events', { exposeHeadRoute: false, config: { response: 'stream' } }, (request, reply) => {
    if (feed.size >= maxEventStreams)
      throw new HttpError(503, `too many event-stream clients (limit ${maxEventStreams})`);
    feed.add(streams.open(request, reply, (client) => feed.remove(client)));
  });
  return feed;
}
