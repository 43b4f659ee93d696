import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ClientId } from '../../../protocol/place/ids.js';
import { unauthorizedError, type Authorizer, type Principal } from './authorizer.js';
import type { AdminAccess } from '../api/api-types.js';
import { challengeFor, readToken } from './credentials.js';
import { HttpError } from '../server/http-error.js';

/**
 * Callers that a route accepts: all; those that may report, which the route checks; or those that may administer. Default: those
 * with the rights of a client.
 */
type RoutePolicy = 'public' | 'report' | 'admin';

declare module 'fastify' {
  interface FastifyContextConfig {
    readonly policy?: RoutePolicy;
  }
}

/** Authorizes every HTTP request. */
export class AuthHook {
  constructor(private readonly authorizer: Authorizer) {}

  /** Registers the authorization of all routes. */
  register(app: FastifyInstance): void {
    app.addHook('onRequest', (request, _, done) => {
      // A 404 needs no authorization: it reveals nothing.
      const policy = request.is404 ? 'public' : request.routeOptions.config.policy;
      const error = this.accessError(policy, this.authenticate(request));
      if (error === undefined) done();
      else done(error);
    });
  }

  /** Returns the principal that a request's token stands for. */
  authenticate({ headers, url, routeOptions }: FastifyRequest): Principal {
    const principal = this.authorizer.authenticate(readToken(headers));
    if (principal.kind !== 'anonymous' || routeOptions.config.policy !== 'report') return principal;
    // Some apps can send nothing but a query. As URLs are logged by proxies, only device tokens are accepted there.
    const queryPrincipal = this.authorizer.authenticate(
      new URLSearchParams(url.split('?')[1] ?? '').get('token') ?? undefined,
    );
    return queryPrincipal.kind === 'device' ? queryPrincipal : principal;
  }

  /**
   * Checks that a request may report the location of a client.
   * @throws HttpError if it may not
   */
  authorizeReport(request: FastifyRequest, client: ClientId): void {
    this.authorizer.authorizeReport(this.authenticate(request), client);
  }

  /** Whether a request may administer. */
  checkAdminAccess(request: FastifyRequest): AdminAccess {
    const { headers, raw } = request;
    // A proxy names its client in a header. nginx does so only if configured, but before 1.29.7 it sends HTTP/1.0 by default,
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

  /** Error for a request that may not administer; undefined if it may. */
  adminAccessError(request: FastifyRequest): HttpError | undefined {
    switch (this.checkAdminAccess(request)) {
      case 'allowed':
        return undefined;
      case 'token-required':
        return unauthorizedError('admin token required');
      case 'disabled':
        return new HttpError(403, 'administration is disabled: set auth.adminToken in herd.yaml');
    }
  }

  /** Status line with which a WebSocket handshake is rejected; undefined if it is accepted. */
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
    return policy === 'report'
      ? undefined
      : new HttpError(403, "device tokens may only be used to report that device's location");
  }
}
