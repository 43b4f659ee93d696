import { token } from './token.js';

/** Who reads a stream. */
interface Reader {
  opened(): void;
  heard(event: string, data: string): void;
}

/**
 * Reads server-sent events, each of one line, until they end. An EventSource could not send a token.
 * @throws if the server says no, or is gone
 */
export async function readEvents(url: string, signal: AbortSignal, reader: Reader): Promise<void> {
  const headers = { accept: 'text/event-stream', ...token.headers };
  const response = await fetch(url, { headers, cache: 'no-store', signal });
  if (!response.ok || response.body === null) throw new Error(`${response.status} ${response.statusText}`);
  reader.opened();
  const chunks = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (let { value, done } = await chunks.read(); !done; { value, done } = await chunks.read()) {
    const blocks = (text + (value ?? '')).split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const { event, data } = /^event: (?<event>.*)\ndata: (?<data>.*)$/m.exec(block)?.groups ?? {};
      if (event !== undefined && data !== undefined) reader.heard(event, data);
    }
  }
}
