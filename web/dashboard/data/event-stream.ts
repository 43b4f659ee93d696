import { sendRequest } from './http.js';

/** Silence after which a stream counts as broken, in milliseconds: three keep-alive intervals of 15 s. */
const silenceTimeoutMs = 45_000;

/** Receives the events of a stream. */
interface EventReader {
  onOpen(): void;
  onEvent(event: string, data: string): void;
}

/**
 * Reads server-sent events, each with one line of data, until the stream ends. An `EventSource` cannot send a token.
 * @param signal ends the stream; the caller must abort it afterwards, because a silent server may still be connected
 * @throws if the server rejects the request, is unreachable or is silent for too long
 */
export async function readEvents(url: string, signal: AbortSignal, reader: EventReader): Promise<void> {
  const response = await withSilenceTimeout(sendRequest(url, { accept: 'text/event-stream', signal }));
  if (response.body === null) throw new Error('the response has no body');
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

/** @throws if nothing arrives within the silence timeout */
async function withSilenceTimeout<Result>(pending: Promise<Result>): Promise<Result> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`the server sent nothing for ${silenceTimeoutMs / 1_000} s`)),
      silenceTimeoutMs,
    );
  });
  try {
    return await Promise.race([pending, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
