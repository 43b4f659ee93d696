import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import got, { RequestError } from 'got';
import type { Http } from '../actors/http.js';
import { UpstreamError } from '../protocol/errors.js';
import type { HttpRequest, HttpResponse } from '../protocol/upstream.js';

/** The largest body taken, in bytes: ten times the largest answer of any API we know. It must fit into memory often. */
const bodyBytesMax = 1024 * 1024;

/** Connections to the upstream at once; more requests wait for one of them. */
const socketsMax = 32;

/** Speaks HTTP through got. */
export class GotHttp implements Http {
  private readonly agent = {
    http: new HttpAgent({ keepAlive: true, maxSockets: socketsMax }),
    https: new HttpsAgent({ keepAlive: true, maxSockets: socketsMax }),
  };

  async fetch({ method, url, headers, body }: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
    const tooLarge = new AbortController();
    try {
      const request = got(url, {
        method,
        headers: { ...headers },
        ...(body === undefined ? {} : { body }),
        agent: this.agent,
        signal: AbortSignal.any([signal, tooLarge.signal]),
        responseType: 'buffer',
        throwHttpErrors: false,
        // A redirect could carry a key to a stranger.
        followRedirect: false,
        // When to ask again is the upstream actor's decision.
        retry: { limit: 0 },
      });
      void request.on('downloadProgress', ({ transferred }) => {
        if (transferred > bodyBytesMax) tooLarge.abort();
      });
      const response = await request;
      return { status: response.statusCode, body: response.body };
    } catch (error) {
      throw new UpstreamError(tooLarge.signal.aborted ? 'the answer is too large' : reasonOf(error), { cause: error });
    }
  }
}

/** What went wrong, without the request: got's own messages hold the address, and with it the key. */
function reasonOf(error: unknown): string {
  const code = error instanceof RequestError ? error.code : undefined;
  return code === undefined ? 'the upstream cannot be reached' : `the upstream cannot be reached (${code})`;
}
