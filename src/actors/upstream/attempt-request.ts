import { UpstreamError } from '../../protocol/upstream/errors.js';
import type { HttpResponse, NearbyQuery, Upstream } from '../../protocol/upstream/upstream.js';
import type { UpstreamAttemptOutcome } from '../bus/events.js';
import type { Http } from '../ports/http.js';
import type { AttemptResult } from './pending-query.js';

/**
 * Sends one HTTP request to an upstream. Never rejects: every error is a result.
 * @param onInternalError called with errors that are bugs, not failures of the upstream
 */
export async function attemptRequest(
  http: Http,
  upstream: Upstream,
  query: NearbyQuery,
  signal: AbortSignal,
  onInternalError: (error: unknown) => void,
): Promise<AttemptResult> {
  let response: HttpResponse | undefined;
  try {
    response = await http.fetch(upstream.request(query), signal);
    return { kind: 'answered', json: upstream.answer(response, query) };
  } catch (error) {
    if (error instanceof UpstreamError) {
      return { kind: 'failed', reason: error.message, errorKind: error.kind, retryAfterMs: response?.retryAfterMs };
    }
    onInternalError(error);
    return { kind: 'failed', reason: 'internal error', errorKind: 'invalid-request', retryAfterMs: undefined };
  }
}

/** Returns the outcome of a request for events and metrics. */
export function attemptOutcome(result: AttemptResult): UpstreamAttemptOutcome {
  if (result.kind === 'answered') return 'answered';
  switch (result.errorKind) {
    case 'permanent':
    case 'invalid-request':
      return 'rejected';
    case 'rate-limited':
      return 'rate_limited';
    case 'malformed-response':
      return 'malformed';
    case 'transient':
      return 'failed';
  }
}
