import { token } from './token.js';

/** Request timeout in milliseconds. */
const responseTimeoutMs = 5_000;

/** The server answered with an error status. */
export class RequestRejectedError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/**
 * Sends a GET request, or a POST request with a JSON body.
 * @throws RequestRejectedError for an error status, another error if there is no response
 */
export async function requestJson<Result>(url: string, body?: unknown): Promise<Result> {
  const signal = AbortSignal.timeout(responseTimeoutMs);
  const response = await sendRequest(url, { accept: 'application/json', signal, body });
  return (await response.json()) as Result;
}

/**
 * Sends a request with the user's token, and asks the user for one where the server requires it.
 * @throws RequestRejectedError for an error status, another error if there is no response
 */
export async function sendRequest(
  url: string,
  { accept, signal, body }: { readonly accept: string; readonly signal: AbortSignal; readonly body?: unknown },
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

/** Extracts the reason from an error response: `{"error":"..."}`. */
function parseErrorReason(text: string): string | undefined {
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    return typeof error === 'string' ? error.slice(0, 1_000) : undefined;
  } catch {
    return undefined;
  }
}
