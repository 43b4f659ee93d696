import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ClientId } from '../../../protocol/place/ids.js';
import { unauthorized, type Access, type Administering, type Caller } from './authorizer.js';
import { challengeFor, tokenIn } from './credentials.js';
import { HttpError } from '../server/http-error.js';

/**
 * Who may come in at a route: anybody; who may report, which the route looks into; or who may administer. Where a route says
 * nothing: who may do what clients do.
 */
type Entry = 'anybody' | 'reporters' | 'administrators';

declare module 'fastify' {
  interface FastifyContextConfig {
    readonly entry?: Entry;
  }
}

/** Stands before every route of a server and asks who comes. */
export class Gate {
  constructor(private readonly access: Access) {}

  /** Has all routes of an HTTP server let in only who may. */
  guard(app: FastifyInstance): void {
    app.addHook('onRequest', (request, _, done) => {
      // That there is nothing tells nobody anything.
      const entry = request.is404 ? 'anybody' : request.routeOptions.config.entry;
      const problem = this.problemOf(entry, this.callerOf(request));
      if (problem === undefined) done();
      else done(problem);
    });
  }

  /** Who has made a request. */
  callerOf({ headers, url, routeOptions }: FastifyRequest): Caller {
    const caller = this.access.callerWith(tokenIn(headers));
    if (caller.kind !== 'nobody' || routeOptions.config.entry !== 'reporters') return caller;
    // Some apps can send nothing but a query. What stands in addresses is written down on its way: so a device's token, no other.
    const inQuery = this.access.callerWith(new URLSearchParams(url.split('?')[1] ?? '').get('token') ?? undefined);
    return inQuery.kind === 'device' ? inQuery : caller;
  }

  /**
   * Makes sure that who has made a request may report where a client is.
   * @throws HttpError
   */
  checkReport(request: FastifyRequest, client: ClientId): void {
    this.access.checkReport(this.callerOf(request), client);
  }

  /** Whether who has made a request may administer. */
  administering(request: FastifyRequest): Administering {
    const { headers, raw } = request;
    // A proxy names its client in a header. nginx does so only where it is configured to, but before 1.29.7 it sends HTTP/1.0 by default,
    // which browsers and curl do not.
    const forwarded =
      raw.httpVersion === '1.0' ||
      ['x-forwarded-for', 'x-real-ip', 'forwarded', 'via'].some((name) => headers[name] !== undefined);
    const { remoteAddress } = raw.socket;
    return this.access.administering(this.callerOf(request), { remoteAddress, host: headers.host, forwarded });
  }

  /** Why who has made a request may not administer; undefined if it may. */
  administrationProblem(request: FastifyRequest): HttpError | undefined {
    switch (this.administering(request)) {
      case 'allowed':
        return undefined;
      case 'token':
        return unauthorized('the token of administration is needed');
      case 'off':
        return new HttpError(403, 'administration is off here: set access.administration in herd.yaml');
    }
  }

  /** Why a WebSocket's handshake is refused, as a status line; undefined if it is not. */
  refusalOf({ headers }: IncomingMessage): string | undefined {
    const problem = this.problemOf(undefined, this.access.callerWith(tokenIn(headers)));
    if (problem === undefined) return undefined;
    return problem.statusCode === 401
      ? `401 Unauthorized\r\nwww-authenticate: ${challengeFor(headers)}`
      : '403 Forbidden';
  }

  private problemOf(entry: Entry | undefined, caller: Caller): HttpError | undefined {
    if (entry === 'anybody' || entry === 'administrators' || this.access.mayAsk(caller)) return undefined;
    if (caller.kind !== 'device') return unauthorized();
    return entry === 'reporters' ? undefined : new HttpError(403, 'the token of a device is for its reports alone');
  }
}
