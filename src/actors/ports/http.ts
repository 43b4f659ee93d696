import type { HttpRequest, HttpResponse } from '../../protocol/upstream/upstream.js';

/** HTTP client. */
export interface Http {
  /**
   * Sends one request, without retries or redirects. Resolves with any complete response, whatever its status.
   * @param signal aborts the request; if its reason is an UpstreamError, the promise is rejected with it
   * @throws UpstreamError if there is no connection, the response exceeds the size limit, or the request is aborted; its message is
   *   safe to show to clients
   */
  fetch(request: HttpRequest, signal: AbortSignal): Promise<HttpResponse>;
}
