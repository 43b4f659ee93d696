import type { FastifyInstance } from 'fastify';
import { DeskError } from './desk.js';
import { challengeFor } from './credentials.js';
import type { Journal } from './journal.js';
import { pathOf } from './shown-url.js';

/** A request that is answered with an error, and why: a sentence that may be shown to whoever asked. */
export class HttpError extends Error {
  readonly code = 'HERD_HTTP';

  constructor(
    readonly statusCode: number,
    message: string,
  ) {
    super(message);
  }
}

/** Has every error answered as JSON, `{"error":"..."}`, and nothing told of what only the server's people should know. */
export function answerErrors(app: FastifyInstance, journal: Journal): void {
  app.setNotFoundHandler((request, reply) => {
    const text = `there is nothing at ${request.method} ${pathOf(request.url)}`;
    journal.refused(request, text);
    return reply.code(404).send({ error: text });
  });
  app.setErrorHandler((error, request, reply) => {
    const { statusCode, text } = describe(error);
    // What nobody else shall know, the log should.
    journal.refused(request, statusCode === 500 ? String(error) : text);
    if (statusCode === 401) void reply.header('www-authenticate', challengeFor(request.headers));
    void reply.code(statusCode).send({ error: text });
  });
}

function describe(error: unknown): { readonly statusCode: number; readonly text: string } {
  if (error instanceof DeskError) return { statusCode: 503, text: error.message };
  const { statusCode = 500, message } = error as { statusCode?: number; message: string };
  return statusCode < 500 || error instanceof HttpError
    ? { statusCode, text: message }
    : { statusCode: 500, text: 'internal error' };
}
