import { bytesOf } from '../protocol/text/bytes.js';
import { HerdClientError } from './errors.js';
import { readEvents, type SseEvent } from './event-stream.js';
import { parseHerdLocation, type HerdLocation } from './location.js';
import { waitForRetry } from './reconnect.js';

/** Element of a stream of changes. */
export type Change =
  /** Start of the stream: from here on no change is missed. */
  | { readonly kind: 'begin' }
  /** New location of a client. */
  | { readonly kind: 'location'; readonly location: HerdLocation }
  /** Gap in the stream after a lost connection: fetch the current state again. */
  | { readonly kind: 'reset' };

/** Options of `changes`. */
export interface ChangesOptions {
  /** ID of the client to follow; default all clients. */
  readonly client?: string | undefined;
  /** The herd's `auth.clientToken`, if it has one. */
  readonly token?: string | undefined;
  /** Ends the iteration. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Follows location changes over a server's `httpPort` (`GET /api/changes`), until the loop is left or `signal` is aborted. Reconnects
 * with backoff, and resumes without loss as far as the server still has the missed changes.
 *
 * ```ts
 * for await (const change of changes('http://127.0.0.1:12200')) {
 *   if (change.kind === 'location') console.log(change.location.client);
 * }
 * ```
 *
 * @param httpUrl scheme, host and `httpPort` of the server
 * @throws HerdClientError with `HERD_PROTOCOL_ERROR` if the response is not a change stream, for example without a valid token
 */
export async function* changes(
  httpUrl: string,
  { client, token, signal }: ChangesOptions = {},
): AsyncGenerator<Change, void> {
  const url = new URL('/api/changes', httpUrl);
  if (client !== undefined) url.searchParams.set('client', client);
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  let lastId: string | undefined;
  for (let failures = 0; ;) {
    try {
      for await (const event of await openEvents(
        url,
        { ...authorization, ...(lastId !== undefined && { 'last-event-id': lastId }) },
        signal,
      )) {
        failures = 0;
        lastId = event.id ?? lastId;
        const change = parseChange(event);
        if (change !== undefined) yield change;
      }
    } catch (error) {
      if (signal?.aborted === true) return;
      if (error instanceof HerdClientError && error.code === 'HERD_PROTOCOL_ERROR') throw error;
    }
    failures += 1;
    if (!(await waitForRetry(failures, signal))) return;
  }
}

/** @throws HerdClientError with `HERD_PROTOCOL_ERROR` if retrying would not help */
async function openEvents(
  url: URL,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
): Promise<AsyncGenerator<SseEvent>> {
  const response = await fetch(url, { headers, ...(signal === undefined ? {} : { signal }) });
  if (response.status === 200 && response.body !== null) return readEvents(response.body);
  await response.body?.cancel();
  const message = `${url.href}: unexpected HTTP status ${response.status}`;
  throw new HerdClientError(response.status >= 500 ? 'HERD_UNREACHABLE' : 'HERD_PROTOCOL_ERROR', message);
}

function parseChange({ event, data }: SseEvent): Change | undefined {
  switch (event) {
    case 'begin':
    case 'reset':
      return { kind: event };
    case 'location': {
      const { line } = JSON.parse(data) as { line: string };
      return { kind: 'location', location: parseHerdLocation(bytesOf(line)) };
    }
    default:
      return undefined;
  }
}
