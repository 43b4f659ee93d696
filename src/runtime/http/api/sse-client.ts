import type { ServerResponse } from 'node:http';
import type { Clock } from '../../../actors/ports/clock.js';

/** Maximum unsent bytes per client. Beyond it, events are dropped and counted. */
const maxBufferedBytes = 1_048_576;

/** Interval of comments on an idle stream, in milliseconds: proxies close silent connections. */
const heartbeatMs = 15_000;

export interface SseOptions {
  readonly clock: Clock;
  /** Called after each write. `keptBytes` are queued elsewhere, to be written later. */
  readonly onWrite: (keptBytes: number) => void;
}

/** A client of server-sent events (HTML Standard, section 9.2). Events that it is too slow for are dropped. */
export class SseClient {
  private pendingBytes = 0;
  private dropped = 0;
  private timer: unknown;

  /** @param onClose called once, when the response is closed */
  constructor(
    private readonly response: ServerResponse,
    private readonly options: SseOptions,
    onClose: () => void,
    headers: Readonly<Record<string, string>> = {},
  ) {
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // nginx buffers responses by default.
      'x-accel-buffering': 'no',
      ...headers,
    });
    this.write('retry: 1000\n\n');
    response.on('error', () => undefined);
    response.on('close', () => {
      options.clock.clearTimeout(this.timer);
      onClose();
    });
    this.scheduleHeartbeat();
  }

  /** Whether the next event is sent, not dropped. */
  get isWritable(): boolean {
    return this.response.writableLength < maxBufferedBytes;
  }

  /** Sends an event, or drops it if the client is too slow. `data` must be one line. */
  send(event: string, data: string, id?: string): void {
    if (!this.isWritable) return this.countDropped();
    if (this.dropped > 0) {
      this.write(`event: dropped\ndata: {"count":${this.dropped}}\n\n`);
      this.dropped = 0;
    }
    this.write(`${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${data}\n\n`);
  }

  /** Counts an event as dropped. */
  countDropped(): void {
    this.dropped += 1;
  }

  /** Sets the bytes queued elsewhere for this client. */
  setPendingBytes(bytes: number): void {
    if (bytes === this.pendingBytes) return;
    this.pendingBytes = bytes;
    this.options.onWrite(bytes);
  }

  /** Calls a listener whenever all sent bytes have been taken. */
  onDrain(listener: () => void): void {
    this.response.on('drain', listener);
  }

  end(): void {
    this.response.end();
  }

  private write(text: string): void {
    this.response.write(text);
    this.options.onWrite(this.pendingBytes);
  }

  private scheduleHeartbeat(): void {
    this.timer = this.options.clock.setTimeout(() => {
      if (this.isWritable) this.write(':\n\n');
      this.scheduleHeartbeat();
    }, heartbeatMs);
  }
}
