import { token } from '../panels/token.js';

/** How long a server may take to answer, in milliseconds. */
const responseTimeoutMs = 5_000;

/** A server has answered, and says no. */
export class RequestRejectedError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/**
 * Asks a server for something, or, with a body, to do something.
 * @throws Refusal if it says no, and another error if there is no answer
 */
export async function requestJson<Answer>(url: string, body?: unknown): Promise<Answer> {
  const signal = AbortSignal.timeout(responseTimeoutMs);
  const response = await sendRequest(url, { accept: 'application/json', signal, body });
  return (await response.json()) as Answer;
}

/**
 * Sends a request, in the name of whose token it is.
 * @throws Refusal if the server says no, and another error if there is no answer
 */
export async function sendRequest(
  url: string,
  { accept, signal, body }: { readonly accept: string; readonly signal: AbortSignal; readonly body: unknown },
): Promise<Response> {
  const requestInit = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
  const type = body === undefined ? {} : { 'content-type': 'application/json' };
  const headers = { accept, ...type, ...token.headers };
  const response = await fetch(url, { ...requestInit, headers, cache: 'no-store', signal });
  if (response.ok) return response;
  if (response.status === 401) token.request(body === undefined ? 'client' : 'admin');
  throw new RequestRejectedError(
    response.status,
    parseErrorReason(await response.text()) ?? `${response.status} ${response.statusText}`,
  );
}

/** The reason in an answer that says no: `{"error":"..."}`. */
function parseErrorReason(text: string): string | undefined {
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    return typeof error === 'string' ? error.slice(0, 1_000) : undefined;
  } catch {
    return undefined;
  }
}
