import type { ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { HttpConnections } from './http-connections.js';

/** Sends large responses in parts. The next part is built when the client has read the previous one, so at most one is queued. */
export class PagedResponses {
  constructor(private readonly connections: HttpConnections) {}

  /**
   * Sends the parts of a response. An error before the first part is thrown; a later one destroys the connection.
   * @param type media type
   */
  async send(
    request: FastifyRequest,
    reply: FastifyReply,
    type: string,
    parts: AsyncGenerator<string, void, void>,
  ): Promise<FastifyReply> {
    await this.connections.nextTurn();
    let part = await parts.next();
    const { raw: response } = reply.type(type);
    reply.hijack();
    response.on('error', () => undefined);
    response.writeHead(200, reply.getHeaders() as Record<string, string>);
    try {
      while (part.done !== true && request.method !== 'HEAD' && !response.destroyed) {
        const isFlushed = response.write(part.value);
        this.connections.recordWrite(request.raw);
        if (!isFlushed) await waitForDrain(response);
        await this.connections.nextTurn();
        part = await parts.next();
      }
      response.end();
    } catch {
      // The client must not take a part of the response for all of it.
      response.destroy();
    }
    return reply;
  }
}

/** Resolves when all written bytes are taken, or the response is closed. */
function waitForDrain(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    if (response.destroyed) return resolve();
    const done = () => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
  });
}
