import type { ServerResponse } from 'node:http';
import type { Clock } from '../../actors/clock.js';

/** Bytes that a reader may leave untaken before what happens is no longer told to it, but counted. */
const untakenBytesMax = 1_048_576;

/** How often something is sent to a reader to whom nothing happens, in milliseconds: proxies end connections that are silent. */
const heartbeatMs = 15_000;

/** One who reads server-sent events (HTML Standard, section 9.2). What it is too slow for is not kept. */
export class SseReader {
  private lost = 0;
  private timer: unknown;

  /** @param onGone called once, when it is gone */
  constructor(
    private readonly response: ServerResponse,
    private readonly clock: Clock,
    onGone: () => void,
    headers: Readonly<Record<string, string>> = {},
  ) {
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // nginx gathers answers unless it is told not to.
      'x-accel-buffering': 'no',
      ...headers,
    });
    response.write('retry: 1000\n\n');
    response.on('error', () => undefined);
    response.on('close', () => {
      clock.clearTimeout(this.timer);
      onGone();
    });
    this.beat();
  }

  /** Whether it takes what it is sent. */
  get hasRoom(): boolean {
    return this.response.writableLength < untakenBytesMax;
  }

  /** Sends an event, of one line, or counts it where the reader has no room. */
  send(event: string, data: string, id?: string): void {
    if (!this.hasRoom) {
      this.lost += 1;
      return;
    }
    if (this.lost > 0) {
      this.response.write(`event: lost\ndata: {"count":${this.lost}}\n\n`);
      this.lost = 0;
    }
    this.response.write(`${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${data}\n\n`);
  }

  /** Calls back when it has taken what it was sent. */
  onRoom(tell: () => void): void {
    this.response.on('drain', tell);
  }

  end(): void {
    this.response.end();
  }

  private beat(): void {
    this.timer = this.clock.setTimeout(() => {
      if (this.hasRoom) this.response.write(':\n\n');
      this.beat();
    }, heartbeatMs);
  }
}
