import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { fastify, type FastifyInstance } from 'fastify';
import { isLoopback, listen, type ListenOptions, type Listener } from '../../sockets/listener.js';
import type { Turn } from '../../time/turn.js';
import { Authorizer, listTokens } from '../auth/authorizer.js';
import { serveAdmin } from '../api/admin-routes.js';
import { serveApi } from '../api/api-routes.js';
import { EventStreams } from '../api/event-streams.js';
import { AuthHook } from '../auth/auth-hook.js';
import { HerdOrigins } from '../auth/herd-origins.js';
import { serveHealth } from '../api/health-routes.js';
import { serveHerd } from '../api/herd-routes.js';
import type { HerdMode, HttpContext } from './http-context.js';
import { handleClientError } from './client-error.js';
import { maxBodyBytes, HttpConnections } from './http-connections.js';
import { handleInvalidUrl, registerErrorHandlers, HttpError } from './http-error.js';
import { createHttpServer } from './http-server.js';
import { AccessLog } from './access-log.js';
import { isCrossSite, isCrossSiteSubresource, isOwnOrigin, parseHostName } from '../auth/origins.js';
import { StaticFiles } from '../static/static-files.js';
import { PagedResponses } from './paged-responses.js';
import { rewriteTrackerUrl, serveTrackers } from '../trackers/tracker-routes.js';
import { ReportIngest } from '../api/report-ingest.js';
import { serveWebSocket } from './web-socket.js';

/** What those hear who may not ask. */
const crossOriginMessage = 'pages of other origins may not ask';
const adminCrossOriginMessage = 'only pages of the herd itself may administer';
const hostNotAllowedMessage = 'a herd that is tried out must be called by a name of its own machine, such as localhost';

/**
 * Fastify's own compilers of JSON Schemas are never called, as no route has such a schema; left in place they are loaded
 * nevertheless, in three versions, which takes longer than all else that a server does before it listens.
 */
const noSchemaCompilers = { compilersFactory: { buildValidator: rejectCompiler, buildSerializer: rejectCompiler } };

/**
 * Opens a server's door for everything that comes over HTTP: WebSocket, the API, and the page.
 * @throws PortError
 */
export async function listenForHttp(context: HttpContext, at: ListenOptions): Promise<Listener> {
  const { config, server, bus, gateway } = context;
  const { limits } = config;
  const { maxLineBytes, maxSubscribersPerAddress } = limits;
  // Which port it is, is known when it listens; nobody asks before.
  let origins = new HerdOrigins(context, { ...at, server });
  const accessLog = new AccessLog(bus, context.clock, maxLineBytes, listTokens(config.auth));
  const onDropped = (socket: Socket, reason: string) => accessLog.recordCutOff(socket, reason);
  const connections = new HttpConnections({ ...context, limits, onDropped });
  const app: FastifyInstance = fastify({
    serverFactory: (handler) =>
      createHttpServer(context.certificates, connections.serializeRequests(accessLog.wrap(handler))),
    rewriteUrl: ({ url = '/' }) => rewriteTrackerUrl(url),
    frameworkErrors: (error, request, reply) => handleInvalidUrl(error, request, reply, accessLog),
    clientErrorHandler: (error, socket) => handleClientError(error, socket, accessLog),
    bodyLimit: maxBodyBytes,
    // Each byte of a client ID may be written as three.
    routerOptions: { maxParamLength: 3 * maxLineBytes },
    schemaController: noSchemaCompilers,
  });
  const isAllowedOrigin = ({ origin }: IncomingHttpHeaders): boolean => config.auth.allowedOrigins.has(origin ?? '');
  const originProblem = ({ headers }: IncomingMessage): string | undefined => {
    if (!isAllowedHost(headers.host, context.mode)) return hostNotAllowedMessage;
    if (isAllowedOrigin(headers)) return undefined;
    const isOwn = isOwnOrigin(headers.origin, headers.host, origins.scheme, origins.endpoints);
    return isOwn && !isCrossSiteSubresource(headers) ? undefined : crossOriginMessage;
  };
  connections.attach(app.server);
  app.addHook('onSend', ({ raw }, _reply, payload, done) => {
    // It is written in this turn, and measured at its end.
    connections.recordWrite(raw);
    done(null, payload);
  });
  accessLog.registerHooks(app);
  registerErrorHandlers(app, accessLog);
  registerOriginHooks(app, originProblem, isAllowedOrigin);
  registerTurnOrderHooks(app, context.turn);
  const authorizer = new Authorizer(config.auth, context.mode);
  const authHook = new AuthHook(authorizer);
  authHook.register(app);
  const streams = new EventStreams({ ...context, maxSubscribersPerAddress }, connections);
  const eventFeed = serveHerd(app, context, { origins: () => origins, authHook, streams });
  serveHealth(app, context);
  const reports = new ReportIngest({ ...context, limits, authHook, accessLog });
  const pagedResponses = new PagedResponses(connections);
  const changeFeed = serveApi(app, context, { reports, streams, pagedResponses });
  await serveTrackers(app, reports);
  await serveAdmin(app, context, authHook);
  new StaticFiles(context.pageFolders, (hostHeader) => origins.cspSources(hostHeader)).serve(app);
  await app.ready();
  serveWebSocket(app.server, context, maxLineBytes, {
    rejectionOf: (request) => {
      if (countHostHeaders(request) > 1) return '400 Bad Request';
      return originProblem(request) === undefined ? authHook.handshakeRejection(request) : '403 Forbidden';
    },
    release: (socket) => connections.release(socket),
    onRejected: (request, status) => accessLog.recordRejectedHandshake(request, status),
  });
  const listening = await listen(app.server, { ...at, maxConnections: context.maxConnections });
  origins = new HerdOrigins(context, { ...at, port: listening.port, server });
  return {
    port: listening.port,
    close: () => {
      gateway.close();
      eventFeed.end();
      changeFeed.end();
      app.server.close();
      // Those whose questions have just been given up are told so first.
      setImmediate(() => listening.close());
    },
  };
}

/**
 * Has requests handled with what other clients send, after links have been read, and reports answered when clients are written
 * to, after the links have taken what was reported ([IA7]).
 */
function registerTurnOrderHooks(app: FastifyInstance, { commands, clients }: Turn): void {
  app.addHook('preHandler', (_request, _reply, done) => commands.schedule({ flush: () => done() }));
  app.addHook('onSend', (request, _reply, _payload, done) => {
    if (request.routeOptions.config.policy === 'report') clients.schedule({ flush: () => done() });
    else done();
  });
}

/** How many Host headers a request has: with more than one it is invalid (RFC 9112, section 3.2). */
function countHostHeaders({ rawHeaders }: IncomingMessage): number {
  return rawHeaders.filter((text, index) => index % 2 === 0 && text.toLowerCase() === 'host').length;
}

/** @throws always */
function rejectCompiler(): never {
  throw new Error('what comes in is checked with Zod: a route needs no schema of its own');
}

/**
 * Whether a server is called by a name that it may have. A page of elsewhere can have its own name mean 127.0.0.1, and then looks
 * like a page of the server; where a herd is tried out on one machine, only names of that machine are right.
 */
function isAllowedHost(host: string | undefined, mode: HerdMode): boolean {
  return mode === 'production' || host === undefined || isLoopback(parseHostName(host) ?? '');
}

/**
 * Pages of the herd's own servers may ask whatever programs may; pages of origins that are listed may do so too, and not
 * administer; pages of others nothing (Fetch Standard, CORS protocol).
 */
function registerOriginHooks(
  app: FastifyInstance,
  originProblem: (request: IncomingMessage) => string | undefined,
  isAllowedOrigin: (headers: IncomingHttpHeaders) => boolean,
): void {
  app.addHook('onRequest', (request, reply, done) => {
    void reply.headers({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', vary: 'origin' });
    const { origin } = request.headers;
    if (countHostHeaders(request.raw) > 1) return done(new HttpError(400, 'there is more than one Host header'));
    const { policy } = request.routeOptions.config;
    if (policy === 'admin' && isAllowedOrigin(request.headers))
      return done(new HttpError(403, adminCrossOriginMessage));
    const isReport = policy === 'report';
    const problem =
      originProblem(request.raw) ?? (isReport && isCrossSite(request.headers) ? crossOriginMessage : undefined);
    if (problem !== undefined) return done(new HttpError(403, problem));
    if (origin !== undefined) void reply.header('access-control-allow-origin', origin);
    done();
  });
  app.options('/*', { config: { policy: 'public' } }, (_, reply) =>
    reply
      .code(204)
      .headers({
        'access-control-allow-methods': 'GET, POST',
        'access-control-allow-headers': 'authorization, content-type, last-event-id',
        'access-control-max-age': '600',
      })
      .send(),
  );
}
