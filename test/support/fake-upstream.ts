import type { Http } from '../../src/actors/ports/http.js';
import { byteStringOf } from '../../src/protocol/text/latin1.js';
import { UpstreamError } from '../../src/protocol/upstream/errors.js';
import type { HttpRequest, HttpResponse, Upstream } from '../../src/protocol/upstream/upstream.js';

/** An upstream that asks in the clear, and relays what it is given. */
export const fakeUpstream: Upstream = {
  maxCount: 100,
  maxRadiusKm: 2_500,
  request: ({ latitude, longitude, radiusKm, count }) => ({
    method: 'GET',
    url: `http://upstream.example/${latitude},${longitude},${radiusKm},${count}`,
    headers: {},
  }),
  answer: ({ status, body }) => {
    if (status !== 200) throw new UpstreamError(`HTTP ${status}`);
    return byteStringOf(body);
  },
  failure: (message) => JSON.stringify({ error: message }),
};

/** A request on its way, which the test brings to its end. */
export interface FakeRequest {
  readonly request: HttpRequest;
  readonly signal: AbortSignal;
  respond(status: number, body: string, more?: Pick<HttpResponse, 'retryAfterMs' | 'tookMs'>): void;
  fail(error: Error): void;
}

/** A web that answers when the test says so. */
export class FakeHttp implements Http {
  readonly requests: FakeRequest[] = [];

  fetch(request: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
    return new Promise((resolve, reject) => {
      const respond: FakeRequest['respond'] = (status, body, more) =>
        resolve({ status, body: Buffer.from(body), ...more });
      signal.addEventListener('abort', () => reject(new UpstreamError('cancelled')));
      this.requests.push({ request, signal, respond, fail: reject });
    });
  }

  /** The last request that was made. */
  get last(): FakeRequest {
    const request = this.requests.at(-1);
    if (request === undefined) throw new Error('nothing was requested');
    return request;
  }
}

/** Lets promises that are settled be noticed. */
export async function flushPromises(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
