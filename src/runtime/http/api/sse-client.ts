import type { ServerResponse } from 'node:http';
import type { Clock } from '../../../actors/ports/clock.js';

/** Bytes that a reader may leave untaken before what happens is no longer told to it, but counted. */
const untakenBytesMax = 1_048_576;

/** How often something is sent to a reader to whom nothing happens, in milliseconds: proxies end connections that are silent. */
const heartbeatMs = 15_000;

/** What a reader of events is served by. */
export interface SseEdges {
  readonly clock: Clock;
  /** Called after each write, with the bytes that are kept to be written later. */
  readonly wrote: (keptBytes: number) => void;
}

/** One who reads server-sent events (HTML Standard, section 9.2). What it is too slow for is not kept. */
export class SseReader {
  private keptBytes = 0;
  private lost = 0;
  private timer: unknown;

  /** @param onGone called once, when it is gone */
  constructor(
    private readonly response: ServerResponse,
    private readonly edges: SseEdges,
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
    this.write('retry: 1000\n\n');
    response.on('error', () => undefined);
    response.on('close', () => {
      edges.clock.clearTimeout(this.timer);
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
    if (!this.hasRoom) return this.lose();
    if (this.lost > 0) {
      this.write(`event: lost\ndata: {"count":${this.lost}}\n\n`);
      this.lost = 0;
    }
    this.write(`${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${data}\n\n`);
  }

  /** Counts an event that is not sent. */
  lose(): void {
    this.lost += 1;
  }

  /** Says how much somebody keeps to send it when the reader has room, in bytes. */
  keeps(bytes: number): void {
    if (bytes === this.keptBytes) return;
    this.keptBytes = bytes;
    this.edges.wrote(bytes);
  }

  /** Calls back when it has taken what it was sent. */
  onRoom(tell: () => void): void {
    this.response.on('drain', tell);
  }

  end(): void {
    this.response.end();
  }

  private write(text: string): void {
    this.response.write(text);
    this.edges.wrote(this.keptBytes);
  }

  private beat(): void {
    this.timer = this.edges.clock.setTimeout(() => {
      if (this.hasRoom) this.write(':\n\n');
      this.beat();
    }, heartbeatMs);
  }
}
