import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { GatewayError } from '../../../actors/client/actor-gateway.js';
import { stackOrMessage } from '../../errors.js';
import { challengeFor } from '../auth/credentials.js';
import type { AccessLog } from './access-log.js';
import { pathOf } from './redact-url.js';

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

/** What fastify says of itself, in words that tell what to do. */
const frameworkMessages: Readonly<Record<string, string>> = {
  FST_ERR_BAD_URL:
    'the address is not understood: each % stands before two hexadecimal digits, and what they spell is UTF-8',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'a body must be JSON, and say so: content-type application/json',
};

/** Answers what fastify has no route for, nor any handler of errors, as it cannot be understood as an address. */
export function handleInvalidUrl(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  accessLog: AccessLog,
): void {
  const { statusCode, text } = describeError(error);
  accessLog.recordError(request, text);
  void reply.code(statusCode).send({ error: text });
}

/** Has every error answered as JSON, `{"error":"..."}`, and nothing told of what only the server's people should know. */
export function registerErrorHandlers(app: FastifyInstance, accessLog: AccessLog): void {
  app.setNotFoundHandler((request, reply) => {
    const text = `there is nothing at ${request.method} ${pathOf(request.url)}`;
    accessLog.recordError(request, text);
    return reply.code(404).send({ error: text });
  });
  app.setErrorHandler((error, request, reply) => {
    const { statusCode, text } = describeError(error);
    // What nobody else shall know, the log should.
    accessLog.recordError(request, statusCode === 500 ? stackOrMessage(error) : text);
    if (statusCode === 401) void reply.header('www-authenticate', challengeFor(request.headers));
    void reply.code(statusCode).send({ error: text });
  });
}

function describeError(error: unknown): { readonly statusCode: number; readonly text: string } {
  if (error instanceof GatewayError) return { statusCode: 503, text: error.message };
  const { statusCode = 500, code = '', message } = error as { statusCode?: number; code?: string; message: string };
  const text = frameworkMessages[code];
  if (text !== undefined) return { statusCode, text };
  return statusCode < 500 || error instanceof HttpError
    ? { statusCode, text: message }
    : { statusCode: 500, text: 'internal error' };
}
