import type { Readable } from 'node:stream';
import { maxBodyBytes } from '../server/http-connections.js';
import { HttpError } from '../server/http-error.js';

/** Body of a tracker's request. One that is too long is not kept. */
type TrackerBody = { readonly kind: 'read'; readonly text: string } | { readonly kind: 'too-long' };

/**
 * Reads a body to its end, also if it is too long: an app that is interrupted does not read the response. The request timeout bounds
 * this.
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
 * Returns the text of a body; empty if there is none.
 * @throws HttpError if it is too long
 */
export function trackerBodyText(body: unknown): string {
  const trackerBody = body as TrackerBody | undefined;
  if (trackerBody === undefined) return '';
  if (trackerBody.kind === 'too-long') throw new HttpError(413, `body must have at most ${maxBodyBytes} bytes`);
  return trackerBody.text;
}
