import { sendRequest } from './http.js';

/** Servers send something every 15 s; one that is silent for three of these is gone, or the way to it is, in milliseconds. */
const silenceTimeoutMs = 45_000;

/** Who reads a stream. */
interface EventReader {
  onOpen(): void;
  onEvent(event: string, data: string): void;
}

/**
 * Reads server-sent events, each of one line, until they end. An EventSource could send neither a token nor a body.
 * @param body what is to be done, if the events are of that
 * @param signal ends it; who calls must abort it afterwards, for a server that is only silent may still be sending
 * @throws if the server says no, or is gone
 */
export async function readEvents(url: string, signal: AbortSignal, reader: EventReader, body?: unknown): Promise<void> {
  const response = await withSilenceTimeout(sendRequest(url, { accept: 'text/event-stream', signal, body }));
  if (response.body === null) throw new Error('the server sent nothing');
  reader.onOpen();
  const chunks = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const { value, done } = await withSilenceTimeout(chunks.read());
    if (done) return;
    const blocks = (text + value).split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const { event, data } = /^event: (?<event>.*)\ndata: (?<data>.*)$/m.exec(block)?.groups ?? {};
      if (event !== undefined && data !== undefined) reader.onEvent(event, data);
    }
  }
}

/** @throws if the server is silent meanwhile */
async function withSilenceTimeout<Heard>(pending: Promise<Heard>): Promise<Heard> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`the server was silent for ${silenceTimeoutMs / 1_000} s`)),
      silenceTimeoutMs,
    );
  });
  try {
    return await Promise.race([pending, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
