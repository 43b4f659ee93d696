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
  /** Made once: to put its options together costs more than half of a request. */
  private readonly client;

  /** @param socketsMax connections to one host at once; more requests wait for one of them */
  constructor(socketsMax: number) {
    const options = { keepAlive: true, maxSockets: socketsMax };
    this.client = got.extend({
      agent: { http: new HttpAgent(options), https: new HttpsAgent(options) },
      responseType: 'buffer',
      throwHttpErrors: false,
      // A redirect could carry a key to a stranger.
      followRedirect: false,
      // When to ask again is the upstream actor's decision.
      retry: { limit: 0 },
    });
  }

  async fetch({ method, url, headers, body }: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
    let size: 'fits' | 'too large' = 'fits';
    try {
      const sent = { method, headers: { ...headers }, signal, ...(body === undefined ? {} : { body }) };
      const request = this.client(url, { ...sent, responseType: 'buffer' as const });
      void request.on('downloadProgress', ({ transferred }) => {
        if (transferred <= bodyBytesMax) return;
        size = 'too large';
        request.cancel();
      });
      const response = await request;
      const tookMs = response.timings.phases.total ?? 0;
      const restMs = restMsOf(response.headers, Date.now());
      return { status: response.statusCode, body: response.body, tookMs, ...(restMs === undefined ? {} : { restMs }) };
    } catch (error) {
      // Without its cause: that holds the request, and with it the key.
      throw isTooLarge(size)
        ? new UpstreamError('the answer is too large')
        : new UpstreamError(reasonOf(error), 'passing');
    }
  }
}

/** What is known of it by now: it is set elsewhere meanwhile. */
function isTooLarge(size: 'fits' | 'too large'): boolean {
  return size === 'too large';
}

/** What went wrong, without the request: got's own messages hold the address, and with it the key. */
function reasonOf(error: unknown): string {
  const code = error instanceof RequestError ? error.code : undefined;
  return code === undefined ? 'the upstream cannot be reached' : `the upstream cannot be reached (${code})`;
}
