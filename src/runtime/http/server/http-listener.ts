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
import type { HerdMode } from '../../config/herd-config.js';
import type { HttpContext } from './http-context.js';
import { maxBodyBytes, HttpConnections } from './http-connections.js';
import { handleClientError, handleInvalidUrl, registerErrorHandlers, HttpError } from './http-error.js';
import { createHttpServer } from './http-server.js';
import { AccessLog } from './access-log.js';
import { isCrossSite, isCrossSiteSubresource, isOwnOrigin, parseHostName } from '../auth/origins.js';
import { StaticFiles } from '../static/static-files.js';
import { PagedResponses } from './paged-responses.js';
import { rewriteTrackerUrl, serveTrackers } from '../trackers/routes.js';
import { ReportIngest } from '../api/report-ingest.js';
import { serveWebSocket } from './web-socket.js';

/** Messages of 403 responses. */
const crossOriginMessage = 'cross-origin request not allowed';
const adminCrossOriginMessage = 'cross-origin administration not allowed';
const hostNotAllowedMessage = 'Host header not allowed: use localhost or 127.0.0.1 in development mode';

/**
 * Replaces Fastify's compilers of JSON Schemas. No route has such a schema, but loading the compilers takes longer than everything
 * else that a server does before it listens.
 */
const noSchemaCompilers = { compilersFactory: { buildValidator: rejectCompiler, buildSerializer: rejectCompiler } };

/**
 * Serves HTTP: WebSocket, the API, and the dashboard.
 * @throws PortError if the port is unavailable
 */
export async function listenForHttp(context: HttpContext, at: ListenOptions): Promise<Listener> {
  const { config, server, bus, gateway } = context;
  const { limits } = config;
  const { maxLineBytes, maxSubscribersPerAddress } = limits;
  // Replaced once the port is known; no request arrives before.
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
    // Each byte of a client ID may be percent-encoded as three.
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
    // The response is written in this turn of the event loop and measured at its end.
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
      // Requests that the gateway has just rejected get their responses first.
      setImmediate(() => listening.close());
    },
  };
}

/**
 * Registers hooks that handle requests together with the commands of other clients, after links have been read, and that answer
 * reports when clients are written to, after links have been given the reported locations ([IA7]).
 */
function registerTurnOrderHooks(app: FastifyInstance, { commands, clients }: Turn): void {
  app.addHook('preHandler', (_request, _reply, done) => commands.schedule({ flush: () => done() }));
  app.addHook('onSend', (request, _reply, _payload, done) => {
    if (request.routeOptions.config.policy === 'report') clients.schedule({ flush: () => done() });
    else done();
  });
}

/** Counts the Host headers of a request. More than one is invalid (RFC 9112, section 3.2). */
function countHostHeaders({ rawHeaders }: IncomingMessage): number {
  return rawHeaders.filter((text, index) => index % 2 === 0 && text.toLowerCase() === 'host').length;
}

/** @throws always */
function rejectCompiler(): never {
  throw new Error('requests are validated with Zod: a route must not have a JSON schema');
}

/**
 * Whether a Host header is allowed. In development mode it must be a loopback name: a page of another site can resolve its own name
 * to 127.0.0.1 (DNS rebinding), and would pass for a page of the server.
 */
function isAllowedHost(host: string | undefined, mode: HerdMode): boolean {
  return mode === 'production' || host === undefined || isLoopback(parseHostName(host) ?? '');
}

/**
 * Registers the checks of CORS (Fetch Standard). Pages of the herd's servers have the rights of programs; pages of allowed origins
 * have them, too, except for administration; other pages have none.
 */
function registerOriginHooks(
  app: FastifyInstance,
  originProblem: (request: IncomingMessage) => string | undefined,
  isAllowedOrigin: (headers: IncomingHttpHeaders) => boolean,
): void {
  app.addHook('onRequest', (request, reply, done) => {
    void reply.headers({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', vary: 'origin' });
    const { origin } = request.headers;
    if (countHostHeaders(request.raw) > 1) return done(new HttpError(400, 'more than one Host header'));
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
