import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ClientId } from '../../../protocol/place/ids.js';
import { unauthorizedError, type Authorizer, type Principal } from './authorizer.js';
import type { AdminAccess } from '../api/api-types.js';
import { challengeFor, readToken } from './credentials.js';
import { HttpError } from '../server/http-error.js';

/**
 * Who may come in at a route: anybody; who may report, which the route looks into; or who may administer. Where a route says
 * nothing: who may do what clients do.
 */
type RoutePolicy = 'public' | 'report' | 'admin';

declare module 'fastify' {
  interface FastifyContextConfig {
    readonly policy?: RoutePolicy;
  }
}

/** Stands before every route of a server and asks who comes. */
export class AuthHook {
  constructor(private readonly authorizer: Authorizer) {}

  /** Has all routes of an HTTP server let in only who may. */
  register(app: FastifyInstance): void {
    app.addHook('onRequest', (request, _, done) => {
      // That there is nothing tells nobody anything.
      const policy = request.is404 ? 'public' : request.routeOptions.config.policy;
      const error = this.accessError(policy, this.authenticate(request));
      if (error === undefined) done();
      else done(error);
    });
  }

  /** Who has made a request. */
  authenticate({ headers, url, routeOptions }: FastifyRequest): Principal {
    const principal = this.authorizer.authenticate(readToken(headers));
    if (principal.kind !== 'anonymous' || routeOptions.config.policy !== 'report') return principal;
    // Some apps can send nothing but a query. What stands in addresses is written down on its way: so a device's token, no other.
    const queryPrincipal = this.authorizer.authenticate(
      new URLSearchParams(url.split('?')[1] ?? '').get('token') ?? undefined,
    );
    return queryPrincipal.kind === 'device' ? queryPrincipal : principal;
  }

  /**
   * Makes sure that who has made a request may report where a client is.
   * @throws HttpError
   */
  authorizeReport(request: FastifyRequest, client: ClientId): void {
    this.authorizer.authorizeReport(this.authenticate(request), client);
  }

  /** Whether who has made a request may administer. */
  checkAdminAccess(request: FastifyRequest): AdminAccess {
    const { headers, raw } = request;
    // A proxy names its client in a header. nginx does so only where it is configured to, but before 1.29.7 it sends HTTP/1.0 by default,
    // which browsers and curl do not.
    const isForwarded =
      raw.httpVersion === '1.0' ||
      ['x-forwarded-for', 'x-real-ip', 'forwarded', 'via'].some((name) => headers[name] !== undefined);
    const { remoteAddress } = raw.socket;
    return this.authorizer.checkAdminAccess(this.authenticate(request), {
      remoteAddress,
      host: headers.host,
      isForwarded,
    });
  }

  /** Why who has made a request may not administer; undefined if it may. */
  adminAccessError(request: FastifyRequest): HttpError | undefined {
    switch (this.checkAdminAccess(request)) {
      case 'allowed':
        return undefined;
      case 'token-required':
        return unauthorizedError('the token of administration is needed');
      case 'disabled':
        return new HttpError(403, 'administration is off here: set auth.adminToken in herd.yaml');
    }
  }

  /** Why a WebSocket's handshake is refused, as a status line; undefined if it is not. */
  handshakeRejection({ headers }: IncomingMessage): string | undefined {
    const error = this.accessError(undefined, this.authorizer.authenticate(readToken(headers)));
    if (error === undefined) return undefined;
    return error.statusCode === 401
      ? `401 Unauthorized\r\nwww-authenticate: ${challengeFor(headers)}`
      : '403 Forbidden';
  }

  private accessError(policy: RoutePolicy | undefined, principal: Principal): HttpError | undefined {
    if (policy === 'public' || policy === 'admin' || this.authorizer.hasClientAccess(principal)) return undefined;
    if (principal.kind !== 'device') return unauthorizedError();
    return policy === 'report' ? undefined : new HttpError(403, 'the token of a device is for its reports alone');
  }
}
