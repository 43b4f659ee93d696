import { bytesOf } from '../protocol/text/bytes.js';
import { HerdClientError } from './errors.js';
import { readEvents, type SseEvent } from './event-stream.js';
import type { HerdLocation } from './herd-location.js';
import { parseHerdLocation } from './read-location.js';
import { waitForRetry } from './wait-for-retry.js';

/** What one who follows changes hears. */
export type Change =
  /** From here on no change is missed. */
  | { readonly kind: 'begin' }
  /** The newest location of a client. */
  | { readonly kind: 'location'; readonly location: HerdLocation }
  /** Changes were missed, for the connection was lost for too long: what is known should be asked for anew. */
  | { readonly kind: 'reset' };

/** Which changes to follow, and for how long. */
export interface ChangesOptions {
  /** Those of this client only. */
  readonly client?: string | undefined;
  /** The token of clients, where the herd has one. */
  readonly token?: string | undefined;
  /** Ends the iteration. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Follows what a server learns, over its `httpPort`, until the loop is left or `signal` aborts. A lost connection is made anew,
 * and what was missed meanwhile is told, as far as the server still has it.
 *
 * ```ts
 * for await (const change of changes('http://127.0.0.1:12200')) {
 *   if (change.kind === 'location') console.log(change.location.client);
 * }
 * ```
 *
 * @param httpUrl scheme, host and `httpPort` of the server
 * @throws HerdClientError if what answers there is no server of a herd that may be followed
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

/** @throws HerdClientError with `HERD_PROTOCOL_ERROR` where to ask again would not help */
async function openEvents(
  url: URL,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
): Promise<AsyncGenerator<SseEvent>> {
  const response = await fetch(url, { headers, ...(signal === undefined ? {} : { signal }) });
  if (response.status === 200 && response.body !== null) return readEvents(response.body);
  await response.body?.cancel();
  const message = `${url.href} answers HTTP ${response.status}`;
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
