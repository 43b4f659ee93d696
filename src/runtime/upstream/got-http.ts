import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Http } from '../../actors/ports/http.js';
import { UpstreamError } from '../../protocol/upstream/errors.js';
import type { HttpRequest, HttpResponse } from '../../protocol/upstream/upstream.js';
import { parseRetryAfterMs } from './retry-after.js';

/** Maximum size of a response body in bytes: ten times the largest known response of the supported APIs. */
const maxBodyBytes = 1024 * 1024;

/** HTTP client on top of got. */
export class GotHttp implements Http {
  private client: ReturnType<typeof createClient> | undefined;

  /** @param maxSockets maximum concurrent connections per host; further requests wait */
  constructor(private readonly maxSockets: number) {}

  async fetch({ method, url, headers, body }: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
    const client = await this.load();
    try {
      const options = { method, headers: { ...headers }, signal, ...(body === undefined ? {} : { body }) };
      const request = client(url, { ...options, responseType: 'buffer' as const });
      void request.on('downloadProgress', ({ transferred }) => {
        if (transferred > maxBodyBytes) request.cancel();
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
      // No `cause`: it would contain the request, and with it the key.
      const isTooLarge = (error as NodeJS.ErrnoException).code === 'ERR_CANCELED';
      throw isTooLarge
        ? new UpstreamError('the response is too large')
        : new UpstreamError(describeNetworkError(error), 'transient');
    }
  }

  /** @throws UpstreamError if got cannot be loaded; the next request tries again */
  private async load(): ReturnType<typeof createClient> {
    try {
      return await (this.client ??= createClient(this.maxSockets));
    } catch (error) {
      this.client = undefined;
      throw new UpstreamError(`the HTTP client cannot be loaded: ${(error as Error).message}`, 'transient');
    }
  }
}

/**
 * Creates the client, once: merging its options costs more than half of a request. Loaded with the first request, because many servers
 * never send one, and got takes as long to load as all actors.
 */
async function createClient(maxSockets: number) {
  const { got } = await import('got');
  const options = { keepAlive: true, maxSockets };
  return got.extend({
    agent: { http: new HttpAgent(options), https: new HttpsAgent(options) },
    responseType: 'buffer',
    throwHttpErrors: false,
    // A redirect could send the key to another host.
    followRedirect: false,
    // Retries are decided by the upstream actor.
    retry: { limit: 0 },
  });
}

/** Describes a network error without the URL, which may contain the key. */
function describeNetworkError(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  return code === undefined ? 'the upstream cannot be reached' : `the upstream cannot be reached (${code})`;
}
