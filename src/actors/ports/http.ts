import type { HttpRequest, HttpResponse } from '../../protocol/upstream/upstream.js';

/** The web, as actors see it. */
export interface Http {
  /**
   * Sends one request, once: no retry, no redirect followed. Resolves with any complete response, whatever its status.
   * @param signal ends it; its reason is an UpstreamError where that is what clients hear: that time is up
   * @throws UpstreamError with a message safe to show to clients: no connection, response over the size limit, cancelled
   */
  fetch(request: HttpRequest, signal: AbortSignal): Promise<HttpResponse>;
}
