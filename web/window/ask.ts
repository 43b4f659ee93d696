import { token } from './token.js';

/** How long a server may take to answer, in milliseconds. */
const answerWithinMs = 5_000;

/** A server has answered, and says no. */
export class Refusal extends Error {
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
export async function askFor<Answer>(url: string, body?: unknown): Promise<Answer> {
  const asked = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
  const type = body === undefined ? {} : { 'content-type': 'application/json' };
  const response = await fetch(url, {
    ...asked,
    headers: { accept: 'application/json', ...type, ...token.headers },
    cache: 'no-store',
    signal: AbortSignal.timeout(answerWithinMs),
  });
  const text = await response.text();
  if (response.ok) return JSON.parse(text) as Answer;
  if (response.status === 401) token.ask(body === undefined ? 'clients' : 'administration');
  throw new Refusal(response.status, reasonIn(text) ?? `${response.status} ${response.statusText}`);
}

/** The reason in an answer that says no: `{"error":"..."}`. */
function reasonIn(text: string): string | undefined {
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    return typeof error === 'string' ? error.slice(0, 200) : undefined;
  } catch {
    return undefined;
  }
}
