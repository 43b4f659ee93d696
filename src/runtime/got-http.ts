import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import got, { RequestError } from 'got';
import type { Http } from '../actors/http.js';
import { UpstreamError } from '../protocol/errors.js';
import type { HttpRequest, HttpResponse } from '../protocol/upstream.js';
import { restMsOf } from './rest.js';

/** The largest body taken, in bytes: ten times the largest answer of any API we know. It must fit into memory often. */
const bodyBytesMax = 1024 * 1024;

/** Speaks HTTP through got. */
export class GotHttp implements Http {
  private readonly agent: { readonly http: HttpAgent; readonly https: HttpsAgent };

  /** @param socketsMax connections to one host at once; more requests wait for one of them */
  constructor(socketsMax: number) {
    const options = { keepAlive: true, maxSockets: socketsMax };
    this.agent = { http: new HttpAgent(options), https: new HttpsAgent(options) };
  }

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
      const tookMs = response.timings.phases.total ?? 0;
      const restMs = restMsOf(response.headers, Date.now());
      return { status: response.statusCode, body: response.body, tookMs, ...(restMs === undefined ? {} : { restMs }) };
    } catch (error) {
      // Without its cause: that holds the request, and with it the key.
      throw tooLarge.signal.aborted
        ? new UpstreamError('the answer is too large')
        : new UpstreamError(reasonOf(error), 'passing');
    }
  }
}

/** What went wrong, without the request: got's own messages hold the address, and with it the key. */
function reasonOf(error: unknown): string {
  const code = error instanceof RequestError ? error.code : undefined;
  return code === undefined ? 'the upstream cannot be reached' : `the upstream cannot be reached (${code})`;
}
