import type { ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { HttpConnections } from './http-connections.js';

/**
 * Sends answers that may be large part by part: the next part is asked for when the client has taken the one before, so one part
 * at most waits for a client.
 */
export class PagedResponses {
  constructor(private readonly connections: HttpConnections) {}

  /**
   * Sends what a generator yields. An error before the first part is thrown; one after it cuts the answer off.
   * @param type the media type
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
      // A client that counts the bytes of an answer must not take half of one for all of it.
      response.destroy();
    }
    return reply;
  }
}

/** Resolves when what was written is taken, or its reader is gone. */
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
