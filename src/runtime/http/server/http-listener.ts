import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { fastify, type FastifyInstance } from 'fastify';
import { isLoopback, listen, type ListenAt, type Listening } from '../../sockets/listening.js';
import type { Turn } from '../../time/turn.js';
import { Access, tokensIn } from '../auth/authorizer.js';
import { serveAdministration } from '../api/admin-routes.js';
import { serveApi } from '../api/api-routes.js';
import { Desk } from '../api/actor-gateway.js';
import { EventStreams } from '../api/event-streams.js';
import { Gate } from '../auth/auth-hook.js';
import { HerdPlaces } from '../auth/herd-origins.js';
import { serveHealth } from '../api/health-routes.js';
import { serveHerd } from '../api/herd-routes.js';
import type { HerdMode, HttpEdges } from './http-context.js';
import { answerBrokenHttp } from './broken-http.js';
import { bodyBytesMax, HttpConnections } from './http-connections.js';
import { answerBadAddress, answerErrors, HttpError } from './http-error.js';
import { httpServerFor } from './http-server.js';
import { Journal } from './access-log.js';
import { isFromElsewhere, isOfStrangersPage, isOwnOrigin, nameIn } from '../auth/origins.js';
import { PageFiles } from '../static/static-files.js';
import { PagedAnswers } from './paged-responses.js';
import { phoneUrlOf, servePhones } from '../trackers/tracker-routes.js';
import { Reception } from '../api/report-ingest.js';
import { Reports } from '../api/reports.js';
import { serveWebSocket } from './web-socket.js';

/** What those hear who may not ask. */
const ofStrangers = 'pages of other origins may not ask';
const ofOthers = 'only pages of the herd itself may administer';
const calledWrongly = 'a herd that is tried out must be called by a name of its own machine, such as localhost';

/**
 * Fastify's own compilers of JSON Schemas are never called, as no route has such a schema; left in place they are loaded
 * nevertheless, in three versions, which takes longer than all else that a server does before it listens.
 */
const withoutSchemas = { compilersFactory: { buildValidator: noCompiler, buildSerializer: noCompiler } };

/**
 * Opens a server's door for everything that comes over HTTP: WebSocket, the API, and the page.
 * @throws PortError
 */
export async function listenForHttp(edges: HttpEdges, at: ListenAt): Promise<Listening> {
  const { config, server, bus } = edges;
  const { lineBytesMax, watchersPerAddressMax } = config.limits;
  // Which port it is, is known when it listens; nobody asks before.
  let places = new HerdPlaces(edges, { ...at, server });
  const journal = new Journal(bus, edges.clock, lineBytesMax, tokensIn(config.access));
  const onDropped = (socket: Socket, reason: string) => journal.cutOff(socket, reason);
  const connections = new HttpConnections({ ...edges, limits: config.limits, onDropped });
  const app: FastifyInstance = fastify({
    serverFactory: (handler) => httpServerFor(edges.certificates, connections.oneAtATime(journal.telling(handler))),
    rewriteUrl: ({ url = '/' }) => phoneUrlOf(url),
    frameworkErrors: (error, request, reply) => answerBadAddress(error, request, reply, journal),
    clientErrorHandler: (error, socket) => answerBrokenHttp(error, socket, journal),
    bodyLimit: bodyBytesMax,
    // Each byte of a client ID may be written as three.
    routerOptions: { maxParamLength: 3 * lineBytesMax },
    schemaController: withoutSchemas,
  });
  const isListed = ({ origin }: IncomingHttpHeaders): boolean => config.access.origins.has(origin ?? '');
  const problemOf = ({ headers }: IncomingMessage): string | undefined => {
    if (!isCalledRightly(headers.host, edges.mode)) return calledWrongly;
    if (isListed(headers)) return undefined;
    const isOwn = isOwnOrigin(headers.origin, headers.host, places.scheme, places.all);
    return isOwn && !isOfStrangersPage(headers) ? undefined : ofStrangers;
  };
  connections.watch(app.server);
  app.addHook('onSend', ({ raw }, _reply, payload, done) => {
    // It is written in this turn, and measured at its end.
    connections.wrote(raw);
    done(null, payload);
  });
  journal.follow(app);
  answerErrors(app, journal);
  keepToOwnPages(app, problemOf, isListed);
  keepOrderOfTurn(app, edges.turn);
  const access = new Access(config.access, edges.mode);
  const gate = new Gate(access);
  gate.guard(app);
  const desk = new Desk(bus);
  const streams = new EventStreams({ ...edges, watchersPerAddressMax }, connections);
  const feed = serveHerd(app, edges, { places: () => places, desk, gate, streams });
  serveHealth(app, edges, desk);
  const reception = new Reception(desk, edges.clock, server, config.limits, edges.view);
  const reports = new Reports(reception, gate, journal);
  const changes = serveApi(app, edges, { desk, reception, reports, streams, answers: new PagedAnswers(connections) });
  await servePhones(app, reports);
  await serveAdministration(app, edges, gate, streams);
  new PageFiles(edges.pageFolders, (called) => places.sources(called)).serve(app);
  await app.ready();
  serveWebSocket(app.server, edges, lineBytesMax, {
    refusal: (request) => {
      if (hostsIn(request) > 1) return '400 Bad Request';
      return problemOf(request) === undefined ? gate.refusalOf(request) : '403 Forbidden';
    },
    release: (socket) => connections.release(socket),
    onRefused: (request, status) => journal.refusedHandshake(request, status),
  });
  const listening = await listen(app.server, { ...at, connectionsMax: edges.connectionsMax });
  places = new HerdPlaces(edges, { ...at, port: listening.port, server });
  return {
    port: listening.port,
    close: () => {
      desk.close();
      feed.end();
      changes.end();
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
function keepOrderOfTurn(app: FastifyInstance, { commands, clients }: Turn): void {
  app.addHook('preHandler', (_request, _reply, done) => commands.ask({ flush: () => done() }));
  app.addHook('onSend', (request, _reply, _payload, done) => {
    if (request.routeOptions.config.entry === 'reporters') clients.ask({ flush: () => done() });
    else done();
  });
}

/** How many Host headers a request has: with more than one it is invalid (RFC 9112, section 3.2). */
function hostsIn({ rawHeaders }: IncomingMessage): number {
  return rawHeaders.filter((text, index) => index % 2 === 0 && text.toLowerCase() === 'host').length;
}

/** @throws always */
function noCompiler(): never {
  throw new Error('what comes in is checked with Zod: a route needs no schema of its own');
}

/**
 * Whether a server is called by a name that it may have. A page of elsewhere can have its own name mean 127.0.0.1, and then looks
 * like a page of the server; where a herd is tried out on one machine, only names of that machine are right.
 */
function isCalledRightly(host: string | undefined, mode: HerdMode): boolean {
  return mode === 'production' || host === undefined || isLoopback(nameIn(host) ?? '');
}

/**
 * Pages of the herd's own servers may ask whatever programs may; pages of origins that are listed may do so too, and not
 * administer; pages of others nothing (Fetch Standard, CORS protocol).
 */
function keepToOwnPages(
  app: FastifyInstance,
  problemOf: (request: IncomingMessage) => string | undefined,
  isListed: (headers: IncomingHttpHeaders) => boolean,
): void {
  app.addHook('onRequest', (request, reply, done) => {
    void reply.headers({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', vary: 'origin' });
    const { origin } = request.headers;
    if (hostsIn(request.raw) > 1) return done(new HttpError(400, 'there is more than one Host header'));
    const { entry } = request.routeOptions.config;
    if (entry === 'administrators' && isListed(request.headers)) return done(new HttpError(403, ofOthers));
    const reports = entry === 'reporters';
    const problem = problemOf(request.raw) ?? (reports && isFromElsewhere(request.headers) ? ofStrangers : undefined);
    if (problem !== undefined) return done(new HttpError(403, problem));
    if (origin !== undefined) void reply.header('access-control-allow-origin', origin);
    done();
  });
  app.options('/*', { config: { entry: 'anybody' } }, (_, reply) =>
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
