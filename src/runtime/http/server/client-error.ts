import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { AccessLog } from './access-log.js';

/** What those are told whose request could not be read, by Node's code for it. */
const clientErrors: Readonly<Record<string, readonly [status: number, text: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'the request took too long to come in'],
  HPE_HEADER_OVERFLOW: [431, 'the headers are too long'],
};

/** What all others are told. */
const malformedRequest = [400, 'this cannot be read as a request of HTTP/1.1'] as const;

/**
 * Answers what could not be read as a request, in the form that every error has, and ends its connection: at once, or after the
 * response to the request before it.
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
