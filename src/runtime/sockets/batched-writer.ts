import type { Socket } from 'node:net';
import type { ByteString } from '../../protocol/text/bytes.js';
import type { WordBuffer } from '../../protocol/text/word-buffer.js';
import type { FlushScheduler, Flushable } from '../time/flush-order.js';
import type { BufferPool } from './buffer-pool.js';

/** Time for a closing socket to deliver buffered data, in milliseconds, before it is destroyed. */
const closeTimeoutMs = 5_000;

/** Backlogs from this size on are followed by a call of `onDrained`. Callers that wait for it wait at larger ones. */
export const minReportedBacklogBytes = 4_096;

/** Memory of a queued write besides its text: Node's entry, a callback and a string header. */
const queuedWriteBytes = 256;

/** Larger buffers, of which few are needed, are not kept. */
const maxKeptBytes = 1_048_576;

const noBuffer = Buffer.alloc(0);

/** Coalescing socket writer: output is buffered until the next flush and written in one system call, the largest cost of a line. */
export class BatchedWriter implements Flushable {
  /** Output since the last flush, up to `usedBytes`. */
  private buffer: Buffer = noBuffer;
  private usedBytes = 0;
  /** Whether `buffer` belongs to the pool. */
  private isPooled = false;
  /** A buffer of the pool of which the operating system has taken a part. */
  private lentBuffer: Buffer | undefined;
  private isClosing = false;
  private isDrainReportDue = false;
  /** Queued writes since the socket was last drained. */
  private queuedWrites = 0;

  /**
   * @param onDrained is called when the operating system has taken everything after a backlog of 4 KiB or more
   * @param pool shared by many sockets; undefined to keep a buffer from flush to flush: right for the few that are written often
   */
  constructor(
    private readonly socket: Socket,
    private readonly scheduler: FlushScheduler,
    private readonly onDrained: () => void,
    private readonly pool: BufferPool | undefined,
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
      const isQueued = socket.writableLength > 0 || this.lentBuffer !== undefined;
      if (socket.writableLength > 0) this.queuedWrites += 1;
      if (socket.writableLength + usedBytes >= minReportedBacklogBytes) this.isDrainReportDue = true;
      const output = this.buffer.subarray(0, usedBytes);
      // A queued write may wait for long: it gets no more memory than it needs.
      socket.write(isQueued && this.isPooled ? Buffer.from(output) : output, this.onWritten);
      if (this.isPooled && !isQueued && socket.writableLength > 0) this.lendBuffer();
    }
    this.releaseBuffer();
    if (this.isClosing) this.closeSocket();
  }

  /** Makes room for further output; returns false if there is none to write, or the writer is closed. */
  private reserve(bytes: number): boolean {
    if (this.isClosing || bytes === 0) return false;
    const { buffer, usedBytes } = this;
    if (usedBytes === 0) this.scheduler.schedule(this);
    const neededBytes = usedBytes + bytes;
    if (neededBytes <= buffer.length) return true;
    const pooled = usedBytes === 0 ? this.pool?.acquire(bytes) : undefined;
    const larger = pooled ?? Buffer.allocUnsafe(Math.max(neededBytes, 2 * usedBytes));
    buffer.copy(larger, 0, 0, usedBytes);
    if (this.isPooled) this.pool?.release(buffer);
    this.buffer = larger;
    this.isPooled = pooled !== undefined;
    return true;
  }

  /** Leaves the buffer to the socket until the write is complete. */
  private lendBuffer(): void {
    this.lentBuffer = this.buffer;
    this.buffer = noBuffer;
    this.isPooled = false;
  }

  private releaseBuffer(): void {
    if (this.isPooled) this.pool?.release(this.buffer);
    // Until everything is written, a buffer of its own belongs to the socket.
    else if (this.pool === undefined && this.socket.writableLength === 0 && this.buffer.length <= maxKeptBytes) return;
    this.buffer = noBuffer;
    this.isPooled = false;
  }

  /**
   * The operating system has taken one write. Node's 'drain' event does not help: it is emitted only after a backlog of its
   * high-water mark (16 KiB, or more in later versions).
   */
  private readonly onWritten = (error?: Error | null): void => {
    const hasFailed = (error ?? null) !== null;
    if (this.socket.writableLength > 0 && !hasFailed) return;
    if (this.lentBuffer !== undefined) this.pool?.release(this.lentBuffer);
    this.lentBuffer = undefined;
    if (hasFailed) return;
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
