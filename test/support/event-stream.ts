import { eventually } from './eventually.js';

/** A server-sent event as it came. */
export interface StreamEvent {
  readonly event: string;
  readonly data: unknown;
  readonly id: string | undefined;
}

/** Reads server-sent events. */
export class EventStream {
  readonly events: StreamEvent[] = [];
  private state: 'open' | 'ended' = 'open';

  private constructor(private readonly abort: AbortController) {}

  static async open(url: string, headers: Readonly<Record<string, string>> = {}): Promise<EventStream> {
    const stream = new EventStream(new AbortController());
    const response = await fetch(url, { headers, signal: stream.abort.signal });
    if (response.status !== 200 || response.body === null)
      throw new Error(`${response.status} ${await response.text()}`);
    void stream.read(response.body).catch(() => undefined);
    return stream;
  }

  /** Waits for an event of a kind that the test looks for, and returns it. */
  waitFor(event: string, matches: (data: never) => boolean = () => true): Promise<StreamEvent> {
    return eventually(`an event ${event}`, () =>
      this.events.find((streamEvent) => streamEvent.event === event && matches(streamEvent.data as never)),
    );
  }

  /** Waits until the server has ended it. */
  async waitForEnd(): Promise<void> {
    await eventually('the end of the events', () => this.state === 'ended');
  }

  close(): void {
    this.abort.abort();
  }

  private async read(body: ReadableStream<Uint8Array>): Promise<void> {
    let text = '';
    const decoder = new TextDecoder();
    try {
      for await (const chunk of body) {
        text += decoder.decode(chunk, { stream: true });
        const blocks = text.split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks) this.parseBlock(block);
      }
    } finally {
      this.state = 'ended';
    }
  }

  private parseBlock(block: string): void {
    const fields = new Map(block.split('\n').map((line) => line.split(/: ?(.*)/s, 2) as [string, string]));
    const event = fields.get('event');
    if (event === undefined) return;
    this.events.push({ event, data: JSON.parse(fields.get('data') ?? 'null'), id: fields.get('id') });
  }
}
