import { UpstreamError } from '../protocol/errors.js';
import { oneLine, type JsonLine } from '../protocol/json-text.js';
import type { HttpResponse } from '../protocol/upstream.js';

/**
 * The JSON object that a response with status 200 holds.
 * @throws UpstreamError for any other response; the message quotes nothing of it.
 */
export function objectOf(response: HttpResponse): JsonLine {
  if (response.status !== 200) throw new UpstreamError(refusal(response.status));

  const body = response.body.toString('latin1');
  if (/^(?:\xEF\xBB\xBF)?[ \t\r\n]*</.test(body)) {
    throw new UpstreamError('The upstream answered with a web page instead of JSON.');
  }
  const json = oneLine(body);
  if (!json.startsWith('{')) throw new UpstreamError('The upstream answered with JSON that is not an object.');
  return json;
}

function refusal(status: number): string {
  switch (status) {
    case 401:
    case 403:
      return `The upstream refused the request (HTTP ${status}).`;
    case 404:
      return `The upstream knows no such address (HTTP ${status}).`;
    // 420 is the Twitter Search API's own status for it.
    case 420:
    case 429:
      return `The upstream is being asked too often (HTTP ${status}).`;
    default:
      return status >= 500
        ? `The upstream is in trouble (HTTP ${status}).`
        : `The upstream gave no answer (HTTP ${status}).`;
  }
}
