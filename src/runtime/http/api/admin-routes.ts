import type { FastifyInstance, FastifyRequest } from 'fastify';
import { AdminActionError, describeAction } from '../../faults/admin-action.js';
import { formatHostPort } from '../../sockets/listener.js';
import type { AdminResponse } from './api-types.js';
import { adminActionBody, parseInput } from './api-schemas.js';
import type { AuthHook } from '../auth/auth-hook.js';
import type { HttpContext } from '../server/http-context.js';
import { HttpError } from '../server/http-error.js';

const statusCodes: Readonly<Record<AdminActionError['kind'], number>> = {
  unknown: 404,
  'wrong-state': 409,
  'other-process': 501,
};

/**
 * Serves admin actions. The body must be JSON: a page of another origin cannot send that without a CORS preflight. Every request
 * is published as an event, also if it is rejected.
 */
export async function serveAdmin(app: FastifyInstance, context: HttpContext, authHook: AuthHook): Promise<void> {
  const publishAction = ({ raw: { socket } }: FastifyRequest, action: string, reason?: string): void =>
    context.bus.publish({
      kind: 'admin-action',
      action,
      remoteAddress: formatHostPort(socket.remoteAddress, socket.remotePort),
      outcome: reason === undefined ? 'accepted' : 'rejected',
      reason: reason ?? '',
    });
  await app.register((adminApp, _, done) => {
    adminApp.removeContentTypeParser('text/plain');
    adminApp.addHook('onRequest', (request, _reply, done) => {
      const error =
        authHook.adminAccessError(request) ?? (request.method === 'POST' ? contentTypeError(request) : undefined);
      if (error === undefined) return done();
      publishAction(request, '', error.message);
      done(error);
    });
    adminApp.post<{ Reply: AdminResponse }>('/api/admin', { config: { policy: 'admin' } }, async (request, reply) => {
      const action = parseInput(adminActionBody, request.body);
      // Published first: afterwards the server with this log may be gone.
      publishAction(request, describeAction(action));
      try {
        await context.administer(action);
      } catch (error) {
        if (!(error instanceof AdminActionError)) throw error;
        publishAction(request, describeAction(action), error.message);
        throw new HttpError(statusCodes[error.kind], error.message);
      }
      return reply.send({ done: describeAction(action) });
    });
    done();
  });
}

function contentTypeError({ headers }: FastifyRequest): HttpError | undefined {
  const isJson = /^application\/json\b/i.test(headers['content-type'] ?? '');
  return isJson ? undefined : new HttpError(415, 'body must be JSON (content-type: application/json)');
}
