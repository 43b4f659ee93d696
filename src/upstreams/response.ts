import { byteStringOf } from '../protocol/text/latin1.js';
import { textOf, type ByteString } from '../protocol/text/bytes.js';
import { UpstreamError, type UpstreamErrorKind } from '../protocol/upstream/errors.js';
import { toJsonLine, type JsonLine } from '../protocol/upstream/json-text.js';
import type { HttpResponse } from '../protocol/upstream/upstream.js';

/** How much of an upstream's own words goes into an answer: enough for a sentence or two. */
const maxExcerptCharacters = 200;

/**
 * The JSON object that a response with status 200 holds.
 * @param explainError what the API says of its own error in a body of any other status; undefined if it says nothing
 * @throws UpstreamError for any other response; the message quotes nothing of it but what `explainError` does.
 */
export function parseJsonObject(
  response: HttpResponse,
  explainError: (body: Readonly<Record<string, unknown>>) => string | undefined = () => undefined,
): JsonLine {
  const { status } = response;
  if (status !== 200) {
    const { trouble: kind, words: problem } = errorForStatus(status);
    const explanation = explainError(parseObjectOrEmpty(textOf(byteStringOf(response.body))));
    throw new UpstreamError(
      `${problem} (HTTP ${status})${explanation === undefined ? '.' : `: ${excerpt(explanation)}`}`,
      kind,
    );
  }
  return requireJsonObject(byteStringOf(response.body));
}

/** An upstream's own words for people: a sentence or two on one line, without the addresses in it. */
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

/** The object that a text is, or an empty one: the body of an error may be anything. */
function parseObjectOrEmpty(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

/** Whether a value of JSON is an object. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function errorForStatus(status: number): { readonly trouble: UpstreamErrorKind; readonly words: string } {
  switch (status) {
    case 400:
    case 422:
      return { trouble: 'invalid-request', words: 'The upstream does not take the question' };
    case 401:
    case 403:
      return { trouble: 'permanent', words: 'The upstream refused the request' };
    case 404:
      return { trouble: 'permanent', words: 'The upstream knows no such address' };
    // 420 is the Twitter Search API's own status for it.
    case 420:
    case 429:
      return { trouble: 'rate-limited', words: 'The upstream is being asked too often' };
    case 501:
      return { trouble: 'permanent', words: 'The upstream cannot do this' };
    default:
      return status >= 500
        ? { trouble: 'transient', words: 'The upstream is in trouble' }
        : { trouble: 'permanent', words: 'The upstream gave no answer' };
  }
}
