import type { Socket } from 'node:net';
import type { ByteString } from '../../protocol/text/bytes.js';
import type { FlushScheduler, Flushable } from '../time/flush-order.js';

/** How long a closing socket may take to deliver what was written, in milliseconds, before it is cut off. */
const closeTimeoutMs = 5_000;

/** A backlog of this or more is followed by a report that it is gone; callers that wait for one wait at larger ones. */
export const minReportedBacklogBytes = 4_096;

/** Memory that a write takes that waits behind another, besides its text: Node's entry for it, a callback and a string's header. */
const queuedWriteBytes = 256;

/** Writes to a socket, all that gathers until the next flush in one write: a system call a line would cost more than all else we do for it. */
export class BatchedWriter implements Flushable {
  private pendingText: ByteString = '';
  private state: 'open' | 'closing' = 'open';

  private isDrainReportDue = false;
  /** Writes that have had to wait for others since the operating system last had taken everything. */
  private queuedWrites = 0;

  /** @param onDrained hears when the operating system has taken everything, after a backlog of 4 KiB or more */
  constructor(
    private readonly socket: Socket,
    private readonly scheduler: FlushScheduler,
    private readonly onDrained: () => void,
  ) {}

  /** Bytes written that the operating system has not taken yet, and the memory that many small writes take besides. */
  get backlogBytes(): number {
    const { pendingText, socket, queuedWrites } = this;
    return pendingText.length + socket.writableLength + queuedWrites * queuedWriteBytes;
  }

  /** Without effect once closed. */
  write(text: ByteString): void {
    if (this.state === 'closing') return;
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
    if (this.state === 'closing') this.closeSocket();
  }

  /**
   * The operating system has taken one write. Node's own 'drain' is no measure: it comes only after a backlog of its high-water mark
   * (16 KiB, or more in later versions), and never for what the operating system took at once.
   */
  private readonly onWritten = (error?: Error | null): void => {
    if (this.socket.writableLength > 0 || (error ?? null) !== null) return;
    this.queuedWrites = 0;
    if (!this.isDrainReportDue) return;
    this.isDrainReportDue = false;
    this.onDrained();
  };

  /** Closes the socket once everything written is flushed and delivered, or has not been for too long. */
  close(): void {
    if (this.state === 'closing') return;
    this.state = 'closing';
    // What is gathered is not written before its time: links may have to be written first.
    if (this.pendingText === '') this.closeSocket();
  }

  private closeSocket(): void {
    this.socket.setTimeout(closeTimeoutMs, () => this.socket.destroy());
    this.socket.destroySoon();
  }
}
