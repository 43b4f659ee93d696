import type { Socket } from 'node:net';
import type { ByteString } from '../../protocol/text/bytes.js';
import type { Segment, Stream, StreamSink } from '../network/stream.js';
import { defaultBufferBytes } from '../network/path.js';
import { maxSegmentBytes } from '../network/socket.js';

/**
 * One socket of a shaped connection. Bytes read from it are sent over one stream; what arrives over the other is written to it.
 */
export class ShapedEndpoint implements StreamSink {
  /** Resolves when the socket is closed. */
  readonly closed: Promise<void>;
  /** Called when a connection request has arrived at this end. */
  onConnect: () => void = () => undefined;
  private resolveClosed: () => void = () => undefined;
  private socket: Socket | undefined;
  private state: 'waiting' | 'open' | 'closed' = 'waiting';
  private isReading = true;
  private out: Stream | undefined;
  private remote: ShapedEndpoint | undefined;
  /** Bytes read here that have not been written to the remote socket. */
  private inFlightBytes = 0;

  /** @param onBytes called with data that has arrived at this end */
  constructor(
    private readonly nowMs: () => number,
    private readonly onBytes: (segment: Segment) => void,
  ) {
    this.closed = new Promise((resolve) => (this.resolveClosed = resolve));
  }

  /** Sets the stream for bytes read here, and the other end. */
  connect(out: Stream, remote: ShapedEndpoint): void {
    this.out = out;
    this.remote = remote;
  }

  /** Sets the socket of this end. */
  attach(socket: Socket): void {
    this.socket = socket;
    this.state = 'open';
    socket.on('data', (chunk) => this.receive(chunk));
    socket.on('end', () => this.endReading());
    // The way it closes tells what happened.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (this.isReading) this.send('reset');
      this.close();
    });
  }

  send(kind: Segment['kind'], text: ByteString = ''): void {
    this.out?.send({ kind, text, sentMs: this.nowMs() });
  }

  /** Stops reading. */
  endReading(): void {
    if (!this.isReading) return;
    this.isReading = false;
    this.send('end');
  }

  /** The process behind this socket has ended, with what its operating system had not sent. */
  reset(): void {
    if (this.state !== 'open') return;
    this.out?.abandon();
    this.socket?.resetAndDestroy();
  }

  /** Closes without notifying the remote end. */
  cut(): void {
    this.isReading = false;
    this.socket?.resetAndDestroy();
    this.close();
  }

  arrived(segment: Segment): void {
    switch (segment.kind) {
      case 'call':
        if (this.state === 'waiting') this.onConnect();
        return;
      case 'answer':
        return;
      case 'data':
        return this.writeToSocket(segment);
      case 'end':
        this.socket?.end();
        return;
      case 'reset':
        return this.cut();
    }
  }

  timedOut(): void {
    this.cut();
    this.remote?.cut();
  }

  private receive(chunk: Buffer): void {
    if (!this.isReading) return;
    for (let start = 0; start < chunk.length; start += maxSegmentBytes) {
      this.send('data', chunk.toString('latin1', start, start + maxSegmentBytes));
    }
    this.inFlightBytes += chunk.length;
    if (this.inFlightBytes > defaultBufferBytes) this.socket?.pause();
  }

  private writeToSocket(segment: Segment): void {
    const { length } = segment.text;
    if (this.state === 'closed') {
      this.remote?.acknowledge(length);
      // A segment for a closed end is answered with a reset.
      return this.send('reset');
    }
    this.onBytes(segment);
    this.socket?.write(segment.text, 'latin1', () => this.remote?.acknowledge(length));
  }

  private acknowledge(bytes: number): void {
    this.inFlightBytes -= bytes;
    if (this.inFlightBytes <= defaultBufferBytes) this.socket?.resume();
  }

  private close(): void {
    this.state = 'closed';
    this.resolveClosed();
  }
}
