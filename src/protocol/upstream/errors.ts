/**
 * Kind of an upstream error; determines whether the request is retried.
 *
 * - `transient`: may succeed at once: no connection, a server error. Retried.
 * - `rate-limited`: the upstream's rate limit is exceeded. Retried only after a Retry-After delay.
 * - `permanent`: every request would be rejected: a wrong API key or URL. Not retried.
 * - `malformed-response`: the response is not one of this API: a web page instead of JSON, a truncated object. Not retried.
 * - `invalid-request`: the upstream works, but rejects this request. Not retried.
 */
export type UpstreamErrorKind = 'transient' | 'rate-limited' | 'permanent' | 'malformed-response' | 'invalid-request';

/** A failed request to an upstream. Its message is safe to show to clients: it contains no URL and no API key. */
export class UpstreamError extends Error {
  readonly code = 'HERD_UPSTREAM';

  constructor(
    message: string,
    readonly kind: UpstreamErrorKind = 'malformed-response',
  ) {
    super(message);
  }
}
