import type { HttpRequest, HttpResponse, Upstream } from '../protocol/upstream/upstream.js';

/** What WHATSAT asks, and by what way. */
export interface UpstreamBinding {
  readonly upstream: Upstream;
  /** As `Http` of the actors, who ask by it. */
  readonly http: { fetch(request: HttpRequest, signal: AbortSignal): Promise<HttpResponse> };
}
