import { send } from './ask.js';

/** Who reads a stream. */
interface Reader {
  opened(): void;
  heard(event: string, data: string): void;
}

/**
 * Reads server-sent events, each of one line, until they end. An EventSource could send neither a token nor a body.
 * @param body what is to be done, if the events are of that
 * @throws if the server says no, or is gone
 */
export async function readEvents(url: string, signal: AbortSignal, reader: Reader, body?: unknown): Promise<void> {
  const response = await send(url, { accept: 'text/event-stream', signal, body });
  if (response.body === null) throw new Error('the server sent nothing');
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
