import type { FastifyInstance, FastifyRequest } from 'fastify';
import { AdministrationError, wordsOf } from '../../faults/admin-action.js';
import { hostAndPort } from '../../sockets/listening.js';
import { actBody, checked } from './api-schemas.js';
import type { EventStreams } from './event-streams.js';
import type { Gate } from '../auth/auth-hook.js';
import type { HttpEdges } from '../server/http-context.js';
import { HttpError } from '../server/http-error.js';
import { serveStage } from './stage-routes.js';

const statusCodes: Readonly<Record<AdministrationError['kind'], number>> = {
  unknown: 404,
  'wrong state': 409,
  elsewhere: 501,
};

/**
 * What can be done to a herd by hand, for those who may. Only JSON is taken: no page of elsewhere can send that without asking
 * first whether it may. Whatever is asked for, by whomever, is published.
 */
export async function serveAdministration(
  app: FastifyInstance,
  edges: HttpEdges,
  gate: Gate,
  streams: EventStreams,
): Promise<void> {
  const tell = ({ raw: { socket } }: FastifyRequest, act: string, reason?: string): void =>
    edges.bus.publish({
      kind: 'administration',
      act,
      far: hostAndPort(socket.remoteAddress, socket.remotePort),
      outcome: reason === undefined ? 'asked' : 'refused',
      reason: reason ?? '',
    });
  await app.register((administration, _, registered) => {
    administration.removeContentTypeParser('text/plain');
    administration.addHook('onRequest', (request, _reply, done) => {
      const problem =
        gate.administrationProblem(request) ?? (request.method === 'POST' ? contentProblem(request) : undefined);
      if (problem === undefined) return done();
      tell(request, '', problem.message);
      done(problem);
    });
    administration.post('/api/admin', { config: { entry: 'administrators' } }, async (request, reply) => {
      const act = checked(actBody, request.body);
      // First, for afterwards there may be no log to write it in.
      tell(request, wordsOf(act));
      try {
        await edges.administer(act);
      } catch (error) {
        if (!(error instanceof AdministrationError)) throw error;
        tell(request, wordsOf(act), error.message);
        throw new HttpError(statusCodes[error.kind], error.message);
      }
      return reply.send({ done: wordsOf(act) });
    });
    serveStage(administration, edges, streams, tell);
    registered();
  });
}

function contentProblem({ headers }: FastifyRequest): HttpError | undefined {
  const isJson = /^application\/json\b/i.test(headers['content-type'] ?? '');
  return isJson ? undefined : new HttpError(415, 'administration is asked for in JSON: content-type application/json');
}
