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

const noBuffer = Buffer.alloc(0);

/** Coalescing socket writer: output is buffered until the next flush and written in one system call, the largest cost of a line. */
export class BatchedWriter implements Flushable {
  /** Output since the last flush, up to `usedBytes`. */
  private buffer: Buffer = noBuffer;
  private usedBytes = 0;
  private isClosing = false;
  private isDrainReportDue = false;
  /** Queued writes since the socket was last drained. */
  private queuedWrites = 0;

  /**
   * @param onDrained is called when the operating system has taken everything after a backlog of 4 KiB or more
   * @param retention whether the buffer is kept from flush to flush: right for the few sockets that are written often
   */
  constructor(
    private readonly socket: Socket,
    private readonly scheduler: FlushScheduler,
    private readonly onDrained: () => void,
    private readonly retention: 'keep-buffer' | 'drop-buffer' = 'drop-buffer',
  ) {}

  /** Buffered bytes that the operating system has not taken yet, including the overhead of queued writes. */
  get backlogBytes(): number {
    return this.usedBytes + this.socket.writableLength + this.queuedWrites * queuedWriteBytes;
  }

  /** Buffers text for the next flush; no effect once closed. */
  write(text: ByteString): void {
    if (!this.reserve(text.length)) return;
    this.usedBytes += this.buffer.write(text, this.usedBytes, 'latin1');
  }

  /** Buffers a copy of a range of bytes for the next flush; no effect once closed. */
  writeBytes({ bytes }: WordBuffer, start: number, end: number): void {
    if (!this.reserve(end - start)) return;
    bytes.copy(this.buffer, this.usedBytes, start, end);
    this.usedBytes += end - start;
  }

  flush(): void {
    const { socket, usedBytes } = this;
    this.usedBytes = 0;
    if (usedBytes > 0 && socket.writable) {
      if (socket.writableLength > 0) this.queuedWrites += 1;
      if (socket.writableLength + usedBytes >= minReportedBacklogBytes) this.isDrainReportDue = true;
      socket.write(this.buffer.subarray(0, usedBytes), this.onWritten);
    }
    // Until everything is written, the buffer belongs to the socket.
    if (this.retention === 'drop-buffer' || socket.writableLength > 0) this.buffer = noBuffer;
    if (this.isClosing) this.closeSocket();
  }

  /** Makes room for further output; returns false if there is none to write, or the writer is closed. */
  private reserve(bytes: number): boolean {
    if (this.isClosing || bytes === 0) return false;
    const { buffer, usedBytes } = this;
    if (usedBytes === 0) this.scheduler.schedule(this);
    if (usedBytes + bytes <= buffer.length) return true;
    this.buffer = Buffer.allocUnsafe(Math.max(usedBytes + bytes, 2 * usedBytes));
    buffer.copy(this.buffer, 0, 0, usedBytes);
    return true;
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
    if (this.usedBytes === 0) this.closeSocket();
  }

  private closeSocket(): void {
    this.socket.setTimeout(closeTimeoutMs, () => this.socket.destroy());
    this.socket.destroySoon();
  }
}
