import type { ServerResponse } from 'node:http';
import type { Clock } from '../../../actors/ports/clock.js';

/** Bytes that a reader may leave untaken before what happens is no longer told to it, but counted. */
const maxBufferedBytes = 1_048_576;

/** How often something is sent to a reader to whom nothing happens, in milliseconds: proxies end connections that are silent. */
const heartbeatMs = 15_000;

/** What a reader of events is served by. */
export interface SseOptions {
  readonly clock: Clock;
  /** Called after each write, with the bytes that are kept to be written later. */
  readonly onWrite: (keptBytes: number) => void;
}

/** One who reads server-sent events (HTML Standard, section 9.2). What it is too slow for is not kept. */
export class SseClient {
  private pendingBytes = 0;
  private dropped = 0;
  private timer: unknown;

  /** @param onClose called once, when it is gone */
  constructor(
    private readonly response: ServerResponse,
    private readonly options: SseOptions,
    onClose: () => void,
    headers: Readonly<Record<string, string>> = {},
  ) {
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // nginx gathers answers unless it is told not to.
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

  /** Whether it takes what it is sent. */
  get isWritable(): boolean {
    return this.response.writableLength < maxBufferedBytes;
  }

  /** Sends an event, of one line, or counts it where the reader has no room. */
  send(event: string, data: string, id?: string): void {
    if (!this.isWritable) return this.countDropped();
    if (this.dropped > 0) {
      this.write(`event: dropped\ndata: {"count":${this.dropped}}\n\n`);
      this.dropped = 0;
    }
    this.write(`${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${data}\n\n`);
  }

  /** Counts an event that is not sent. */
  countDropped(): void {
    this.dropped += 1;
  }

  /** Says how much somebody keeps to send it when the reader has room, in bytes. */
  setPendingBytes(bytes: number): void {
    if (bytes === this.pendingBytes) return;
    this.pendingBytes = bytes;
    this.options.onWrite(bytes);
  }

  /** Calls back when it has taken what it was sent. */
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
