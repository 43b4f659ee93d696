import type { Readable } from 'node:stream';
import { maxBodyBytes } from '../server/http-connections.js';
import { HttpError } from '../server/http-error.js';

/** What a phone sent along; of what is too long nothing is kept. */
type TrackerBody = { readonly kind: 'read'; readonly text: string } | { readonly kind: 'too-long' };

/**
 * Reads a body to its end, also where it is too long: a phone that is interrupted does not read the answer. How long that may
 * go on, the time that a request has to come in says.
 */
export async function readTrackerBody(stream: Readable): Promise<TrackerBody> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= maxBodyBytes) chunks.push(chunk);
    else chunks.length = 0;
  }
  return bytes > maxBodyBytes ? { kind: 'too-long' } : { kind: 'read', text: Buffer.concat(chunks).toString() };
}

/**
 * The text of a body; empty if there is none.
 * @throws HttpError if it is too long
 */
export function trackerBodyText(body: unknown): string {
  const trackerBody = body as TrackerBody | undefined;
  if (trackerBody === undefined) return '';
  if (trackerBody.kind === 'too-long') throw new HttpError(413, `the body has more than ${maxBodyBytes} bytes`);
  return trackerBody.text;
}
