import type { Socket } from 'node:net';
import type { ByteString } from '../../protocol/text/bytes.js';
import type { WordBuffer } from '../../protocol/text/word-buffer.js';
import type { FlushScheduler, Flushable } from '../time/flush-order.js';

/** Time for a closing socket to deliver buffered data, in milliseconds, before it is destroyed. */
const closeTimeoutMs = 5_000;

/** Backlogs from this size on are followed by a call of `onDrained`. Callers that wait for it wait at larger ones. */
export const minReportedBacklogBytes = 4_096;

/** Memory of a queued write besides its text: Node's entry, a callback and a string header. */
const queuedWriteBytes = 256;

/** Coalescing socket writer: output is buffered until the next flush and written in one system call, the largest cost of a line. */
export class BatchedWriter implements Flushable {
  /** Output since the last flush; consecutive texts are joined. */
  private pending: (ByteString | Buffer)[] = [];
  private pendingBytes = 0;
  private isClosing = false;
  private isDrainReportDue = false;
  /** Queued writes since the socket was last drained. */
  private queuedWrites = 0;

  /** @param onDrained is called when the operating system has taken everything after a backlog of 4 KiB or more */
  constructor(
    private readonly socket: Socket,
    private readonly scheduler: FlushScheduler,
    private readonly onDrained: () => void,
  ) {}

  /** Buffered bytes that the operating system has not taken yet, including the overhead of queued writes. */
  get backlogBytes(): number {
    const { pendingBytes, socket, queuedWrites } = this;
    return pendingBytes + socket.writableLength + queuedWrites * queuedWriteBytes;
  }

  /** Buffers text for the next flush; no effect once closed. */
  write(text: ByteString): void {
    if (this.isClosing || text === '') return;
    const last = this.pending.length - 1;
    const lastText = this.pending[last];
    if (typeof lastText === 'string') this.pending[last] = lastText + text;
    else this.push(text);
    this.pendingBytes += text.length;
  }

  /** Buffers a copy of a range of bytes for the next flush; no effect once closed. */
  writeBytes({ bytes }: WordBuffer, start: number, end: number): void {
    if (this.isClosing || start === end) return;
    const copy = Buffer.allocUnsafe(end - start);
    bytes.copy(copy, 0, start, end);
    this.push(copy);
    this.pendingBytes += copy.length;
  }

  private push(output: ByteString | Buffer): void {
    if (this.pending.length === 0) this.scheduler.schedule(this);
    this.pending.push(output);
  }

  flush(): void {
    const { pending, pendingBytes, socket } = this;
    this.pending = [];
    this.pendingBytes = 0;
    const last = pending.pop();
    if (last !== undefined && socket.writable) {
      if (socket.writableLength > 0) this.queuedWrites += 1;
      if (socket.writableLength + pendingBytes >= minReportedBacklogBytes) this.isDrainReportDue = true;
      if (pending.length === 0) socket.write(last, 'latin1', this.onWritten);
      else {
        socket.cork();
        for (const output of pending) socket.write(output, 'latin1');
        socket.write(last, 'latin1', this.onWritten);
        socket.uncork();
      }
    }
    if (this.isClosing) this.closeSocket();
  }

  /**
   * The operating system has taken one write. Node's 'drain' event does not help: it is emitted only after a backlog of its
   * high-water mark (16 KiB, or more in later versions).
   */
  private readonly onWritten = (error?: Error | null): void => {
    if (this.socket.writableLength > 0 || (error ?? null) !== null) return;
    this.queuedWrites = 0;
    if (!this.isDrainReportDue) return;
    this.isDrainReportDue = false;
    this.onDrained();
  };

  /** Closes the socket once everything is flushed and delivered, or after a timeout. */
  close(): void {
    if (this.isClosing) return;
    this.isClosing = true;
    // Buffered text is not flushed here: links may have to be written first.
    if (this.pending.length === 0) this.closeSocket();
  }

  private closeSocket(): void {
    this.socket.setTimeout(closeTimeoutMs, () => this.socket.destroy());
    this.socket.destroySoon();
  }
}
