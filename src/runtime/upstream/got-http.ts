import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Http } from '../../actors/ports/http.js';
import { UpstreamError } from '../../protocol/upstream/errors.js';
import type { HttpRequest, HttpResponse } from '../../protocol/upstream/upstream.js';
import { parseRetryAfterMs } from './retry-after.js';

/** The largest body taken, in bytes: ten times the largest answer of any API we know. It must fit into memory often. */
const maxBodyBytes = 1024 * 1024;

/** Speaks HTTP through got. */
export class GotHttp implements Http {
  private client: ReturnType<typeof createClient> | undefined;

  /** @param maxSockets connections to one host at once; more requests wait for one of them */
  constructor(private readonly maxSockets: number) {}

  async fetch({ method, url, headers, body }: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
    const client = await this.load();
    let size: 'fits' | 'too large' = 'fits';
    try {
      const options = { method, headers: { ...headers }, signal, ...(body === undefined ? {} : { body }) };
      const request = client(url, { ...options, responseType: 'buffer' as const });
      void request.on('downloadProgress', ({ transferred }) => {
        if (transferred <= maxBodyBytes) return;
        size = 'too large';
        request.cancel();
      });
      const response = await request;
      const tookMs = response.timings.phases.total ?? 0;
      const retryAfterMs = parseRetryAfterMs(response.headers, Date.now());
      return {
        status: response.statusCode,
        body: response.body,
        tookMs,
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      };
    } catch (error) {
      // Without its cause: that holds the request, and with it the key.
      throw isTooLarge(size)
        ? new UpstreamError('the answer is too large')
        : new UpstreamError(describeNetworkError(error), 'transient');
    }
  }

  /** @throws UpstreamError if it cannot be loaded now; it is tried again with the next request */
  private async load(): ReturnType<typeof createClient> {
    try {
      return await (this.client ??= createClient(this.maxSockets));
    } catch (error) {
      this.client = undefined;
      throw new UpstreamError(`what asks it cannot be loaded: ${(error as Error).message}`, 'transient');
    }
  }
}

/**
 * What requests are made by. Loaded when the first is: many servers are never asked, and got takes as long to load as all that the
 * actors are made of. Made once: to put its options together costs more than half of a request.
 */
async function createClient(maxSockets: number) {
  const { got } = await import('got');
  const options = { keepAlive: true, maxSockets };
  return got.extend({
    agent: { http: new HttpAgent(options), https: new HttpsAgent(options) },
    responseType: 'buffer',
    throwHttpErrors: false,
    // A redirect could carry a key to a stranger.
    followRedirect: false,
    // When to ask again is the upstream actor's decision.
    retry: { limit: 0 },
  });
}

/** What is known of it by now: it is set elsewhere meanwhile. */
function isTooLarge(size: 'fits' | 'too large'): boolean {
  return size === 'too large';
}

/** What went wrong, without the request: got's own messages hold the address, and with it the key. */
function describeNetworkError(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  return code === undefined ? 'the upstream cannot be reached' : `the upstream cannot be reached (${code})`;
}
