import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { GatewayError } from '../../../actors/client/actor-gateway.js';
import { stackOrMessage } from '../../errors.js';
import { challengeFor } from '../auth/credentials.js';
import type { AccessLog } from './access-log.js';
import { pathOf } from './redact-url.js';

/** An error that is sent to the client: its message must not reveal internals. */
export class HttpError extends Error {
  readonly code = 'HERD_HTTP';

  constructor(
    readonly statusCode: number,
    message: string,
  ) {
    super(message);
  }
}

/** Messages for errors of Fastify, by code. */
const frameworkMessages: Readonly<Record<string, string>> = {
  FST_ERR_BAD_URL:
    'invalid URL: each % must be followed by two hexadecimal digits, and the decoded bytes must be UTF-8',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'body must be JSON (content-type: application/json)',
};

/** Responds to a request whose URL Fastify cannot decode, for which it calls no other error handler. */
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

/** Registers handlers that send every error as JSON, `{"error":"..."}`, without internals of the server. */
export function registerErrorHandlers(app: FastifyInstance, accessLog: AccessLog): void {
  app.setNotFoundHandler((request, reply) => {
    const text = `no route for ${request.method} ${pathOf(request.url)}`;
    accessLog.recordError(request, text);
    return reply.code(404).send({ error: text });
  });
  app.setErrorHandler((error, request, reply) => {
    const { statusCode, text } = describeError(error);
    // The log gets the stack, the client does not.
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

/** Responses to requests that Node cannot read, by its error code. */
const clientErrors: Readonly<Record<string, readonly [status: number, text: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'request took too long to arrive'],
  HPE_HEADER_OVERFLOW: [431, 'headers are too long'],
};

const malformedRequest = [400, 'not a valid HTTP/1.1 request'] as const;

/**
 * Responds to a request that Node cannot read, in the format of all errors, and closes its connection: at once, or after the
 * response to the previous request.
 */
export function handleClientError(error: NodeJS.ErrnoException, socket: Socket, accessLog: AccessLog): void {
  const [status, text] = clientErrors[error.code ?? ''] ?? malformedRequest;
  const isOpen = error.code !== 'ECONNRESET' && socket.writable;
  const outcome = isOpen ? accessLog.recordAborted(socket, status, text) : 'answered';
  if (outcome === 'pending') return;
  if (outcome === 'unanswered') {
    const body = JSON.stringify({ error: text });
    const headers = [
      'content-type: application/json; charset=utf-8',
      `content-length: ${body.length}`,
      'connection: close',
    ];
    socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${headers.join('\r\n')}\r\n\r\n${body}`);
  }
  socket.destroy();
}
