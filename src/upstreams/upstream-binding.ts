import type { HttpRequest, HttpResponse, Upstream } from '../protocol/upstream/upstream.js';

/** Upstream that WHATSAT queries, with its HTTP client. */
export interface UpstreamBinding {
  readonly upstream: Upstream;
  /** Same shape as `Http` of the actors, which this layer does not import. */
  readonly http: { fetch(request: HttpRequest, signal: AbortSignal): Promise<HttpResponse> };
}
