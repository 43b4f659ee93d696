import type { Socket } from 'node:net';
import type { ByteString } from '../../protocol/text/bytes.js';
import type { FlushScheduler, Flushable } from '../time/flush-order.js';

/** Time for a closing socket to deliver buffered data, in milliseconds, before it is destroyed. */
const closeTimeoutMs = 5_000;

/** Backlogs from this size on are followed by a call of `onDrained`. Callers that wait for it wait at larger ones. */
export const minReportedBacklogBytes = 4_096;

/** Memory of a queued write besides its text: Node's entry, a callback and a string header. */
const queuedWriteBytes = 256;

/** Coalescing socket writer: text is buffered until the next flush and written in one system call, the largest cost of a line. */
export class BatchedWriter implements Flushable {
  private pendingText: ByteString = '';
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
    const { pendingText, socket, queuedWrites } = this;
    return pendingText.length + socket.writableLength + queuedWrites * queuedWriteBytes;
  }

  /** Buffers text for the next flush; no effect once closed. */
  write(text: ByteString): void {
    if (this.isClosing) return;
    if (this.pendingText === '') this.scheduler.schedule(this);
    this.pendingText += text;
  }

  flush(): void {
    const text = this.pendingText;
    this.pendingText = '';
    if (text !== '' && this.socket.writable) {
      if (this.socket.writableLength > 0) this.queuedWrites += 1;
      if (this.socket.writableLength + text.length >= minReportedBacklogBytes) this.isDrainReportDue = true;
      this.socket.write(text, 'latin1', this.onWritten);
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
    if (this.pendingText === '') this.closeSocket();
  }

  private closeSocket(): void {
    this.socket.setTimeout(closeTimeoutMs, () => this.socket.destroy());
    this.socket.destroySoon();
  }
}
