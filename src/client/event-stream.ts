import { LineFramer, OverlongLine } from '../protocol/text/line-framer.js';
import { textOf } from '../protocol/text/bytes.js';
import { HerdClientError } from './errors.js';

/** The longest line taken, in bytes: an AT line has 1 MiB at most, and stands in one with its parts beside it. */
const maxLineBytes = 4 * 1024 * 1024;

/** Servers send something every 15 s; one that is silent for three of these is gone, in milliseconds. */
const silenceTimeoutMs = 45_000;

/** A server-sent event. */
export interface SseEvent {
  readonly event: string;
  readonly data: string;
  readonly id: string | undefined;
}

/** Reads the events of one response (HTML Standard, section 9.2), until it ends. Whoever stops early ends the response. */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<SseEvent> {
  const reader = body.getReader();
  const framer = new LineFramer(maxLineBytes);
  let fields = new Map<string, string>();
  try {
    for (;;) {
      const { done, value } = await readWithTimeout(reader);
      if (done) return;
      for (const line of framer.push(Buffer.from(value))) {
        if (line instanceof OverlongLine) throw new HerdClientError('HERD_PROTOCOL_ERROR', 'an event is too long');
        const colon = line.indexOf(':');
        if (line !== '') {
          // The servers of a herd write each field once, and a space behind the colon.
          if (colon > 0) fields.set(line.slice(0, colon), textOf(line.slice(colon + 2)));
          continue;
        }
        const event = fields.get('event');
        if (event !== undefined) yield { event, data: fields.get('data') ?? '', id: fields.get('id') };
        fields = new Map();
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

async function readWithTimeout(
  reader: ReadableStreamDefaultReader<Uint8Array>,
): Promise<Awaited<ReturnType<typeof reader.read>>> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    const timeoutError = new HerdClientError(
      'HERD_CONNECTION_LOST',
      `the server was silent for ${silenceTimeoutMs / 1_000} s`,
    );
    timer = setTimeout(() => reject(timeoutError), silenceTimeoutMs);
  });
  try {
    return await Promise.race([reader.read(), silence]);
  } finally {
    clearTimeout(timer);
  }
}
