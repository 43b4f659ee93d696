import { LineFramer, OverlongLine } from '../protocol/text/line-framer.js';
import { textOf } from '../protocol/text/bytes.js';
import { HerdClientError } from './errors.js';

/** Longest line accepted, in bytes: an AT line has at most 1 MiB, and the event repeats its parts. */
const maxLineBytes = 4 * 1024 * 1024;

/** Silence after which the connection counts as lost, in milliseconds: three times the interval in which servers send something. */
const silenceTimeoutMs = 45_000;

/** Server-sent event. */
export interface SseEvent {
  readonly event: string;
  readonly data: string;
  readonly id: string | undefined;
}

/**
 * Parses the events of one response (HTML Standard, section 9.2) until it ends. Leaving the loop cancels the response.
 * @throws HerdClientError if a line is too long, or the server is silent for 45 seconds
 */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<SseEvent> {
  const reader = body.getReader();
  const framer = new LineFramer(maxLineBytes);
  let fields = new Map<string, string>();
  try {
    for (;;) {
      const { done, value } = await readWithTimeout(reader);
      if (done) return;
      for (const line of framer.push(Buffer.from(value))) {
        if (line instanceof OverlongLine)
          throw new HerdClientError('HERD_PROTOCOL_ERROR', `event longer than ${maxLineBytes} bytes`);
        const colon = line.indexOf(':');
        if (line !== '') {
          // Herd servers write each field once, with a space after the colon.
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
      `nothing received for ${silenceTimeoutMs / 1_000} s`,
    );
    timer = setTimeout(() => reject(timeoutError), silenceTimeoutMs);
  });
  try {
    return await Promise.race([reader.read(), silence]);
  } finally {
    clearTimeout(timer);
  }
}
