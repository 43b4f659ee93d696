import { byteStringOf } from '../protocol/text/latin1.js';
import { textOf, type ByteString } from '../protocol/text/bytes.js';
import { UpstreamError, type UpstreamErrorKind } from '../protocol/upstream/errors.js';
import { toJsonLine, type JsonLine } from '../protocol/upstream/json-text.js';
import type { HttpResponse, NearbyQuery } from '../protocol/upstream/upstream.js';
import { formatDecimal } from './text.js';

/** Longest excerpt of an upstream's own error message that is relayed: a sentence or two. */
const maxExcerptCharacters = 200;

/**
 * Parses the JSON object in the body of a response with status 200.
 * @param explainError extracts the API's own error message from the body of any other status; undefined if there is none
 * @throws UpstreamError for any other response. The message quotes nothing of the body but what `explainError` returns.
 */
export function parseJsonObject(
  response: HttpResponse,
  explainError: (body: Readonly<Record<string, unknown>>) => string | undefined = () => undefined,
): JsonLine {
  const { status } = response;
  if (status !== 200) {
    const { kind, problem } = errorForStatus(status);
    const explanation = explainError(parseObjectOrEmpty(textOf(byteStringOf(response.body))));
    throw new UpstreamError(
      `${problem} (HTTP ${status})${explanation === undefined ? '.' : `: ${excerpt(explanation)}`}`,
      kind,
    );
  }
  return requireJsonObject(byteStringOf(response.body));
}

/** Shortens an upstream's own error message to one line of at most 200 characters, without URLs. */
export function excerpt(text: string): string {
  const line = text.replace(/https?:\/\/\S+/gi, '[address]').replace(/[\s\p{Cc}]+/gu, ' ');
  return line.slice(0, maxExcerptCharacters);
}

function requireJsonObject(body: ByteString): JsonLine {
  if (/^(?:\xEF\xBB\xBF)?[ \t\r\n]*</.test(body)) {
    throw new UpstreamError('The upstream answered with a web page instead of JSON.');
  }
  const json = toJsonLine(body);
  if (!json.startsWith('{')) throw new UpstreamError('The upstream answered with JSON that is not an object.');
  return json;
}

/** Parses a text as a JSON object; an empty object if it is not one, since the body of an error may be anything. */
function parseObjectOrEmpty(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

/** Whether a parsed JSON value is an object. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function errorForStatus(status: number): { readonly kind: UpstreamErrorKind; readonly problem: string } {
  switch (status) {
    case 400:
    case 422:
      return { kind: 'invalid-request', problem: 'The upstream rejected the query as invalid' };
    case 401:
    case 403:
      return { kind: 'permanent', problem: 'The upstream denied access' };
    case 404:
      return { kind: 'permanent', problem: 'The upstream has no such address' };
    // 420 is the Twitter Search API's own status for rate limiting.
    case 420:
    case 429:
      return { kind: 'rate-limited', problem: 'The upstream received too many requests' };
    case 501:
      return { kind: 'permanent', problem: 'The upstream does not support the request' };
    default:
      return status >= 500
        ? { kind: 'transient', problem: 'The upstream failed' }
        : { kind: 'permanent', problem: 'The upstream gave no answer' };
  }
}

/**
 * Returns the warning for an answer about a smaller circle than was queried: `adjusted radius to 10km`.
 * @returns undefined if the radius was within the maximum
 */
export function radiusWarning({ radiusKm }: NearbyQuery, maxRadiusKm: number): string | undefined {
  // Close to the wording of the Twitter Search API.
  return radiusKm > maxRadiusKm ? `adjusted radius to ${formatDecimal(maxRadiusKm, 3)}km` : undefined;
}
