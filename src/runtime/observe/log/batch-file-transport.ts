import { close, closeSync, fstat, write } from 'node:fs';
import Transport from 'winston-transport';
import type { ByteString } from '../../../protocol/text/bytes.js';
import type { LogFiles } from './log-files.js';

/** Maximum text queued for the disk, in bytes. Beyond it entries are dropped and counted: a log must not exhaust memory. */
const maxPendingBytes = 16 * 1024 * 1024;

/** Approximate maximum of one write, in bytes: joining more text would delay clients. */
const maxWriteBytes = 512 * 1024;

/** Interval of checks whether the file was deleted, in milliseconds: writes into a deleted file are lost. */
const deletionCheckIntervalMs = 1_000;

/** Space reserved in a file for the line that says how much was lost, in bytes. */
const noticeBytes = 128;

const lineFeed = 10;

/** Key under which winston passes the formatted entry. */
const MESSAGE = Symbol.for('message');

/**
 * Winston transport to files that batches entries while a write is in progress. Winston's own file transport costs several times
 * as much per line, and keeps a burst in memory as objects. If a file has no room for the next line, a new file follows; no line
 * spans two files.
 */
export class BatchFileTransport extends Transport {
  private descriptor: number;
  /** Bytes in the current file. */
  private fileBytes = 0;
  private checkedAtMs = 0;
  /** Entries written since the file was last seen to be there. */
  private writtenSinceCheck = 0;
  private pending: ByteString[] = [];
  private pendingBytes = 0;
  /** Buffer of the write in progress, reused. */
  private writeBuffer = Buffer.alloc(0);
  private dropped = 0;
  private isWriting = true;
  /** Whether the file was deleted and could not be recreated. */
  private isFileMissing = false;
  /** Whether the current file ends within a line: a disk that fills up stores a part of a line. */
  private endsWithinLine = false;
  /** Whether an error was reported that has not been followed by a successful write. */
  private isFailing = false;
  private onIdle: (() => void) | undefined;

  /**
   * Creates the first file, and then deletes surplus files.
   *
   * @param maxFileBytes a longer line gets a file of its own
   * @param onError called for the first failure after a success
   * @throws the file system's error if the file cannot be created
   */
  constructor(
    private readonly files: LogFiles,
    private readonly maxFileBytes: number,
    level: string,
    private readonly onError: (error: Error) => void,
  ) {
    super({ level });
    this.descriptor = files.create();
    void files
      .prune()
      .catch((error: unknown) => this.reportError(error as Error, 0))
      .then(() => this.writeNextOrIdle());
  }

  /** Text queued for the disk, in bytes. */
  get bufferedBytes(): number {
    return this.pendingBytes;
  }

  override log(info: object, next: () => void): void {
    const line = (info as { [MESSAGE]?: ByteString })[MESSAGE] ?? '';
    if (this.pendingBytes > maxPendingBytes) this.dropped += 1;
    else {
      this.pending.push(line);
      this.pendingBytes += line.length + 1;
    }
    if (!this.isWriting) this.startWrite();
    next();
  }

  /** Called at the end of the stream, which finishes when everything is written. */
  override _final(done: (error?: Error | null) => void): void {
    this.onIdle = () => {
      closeSync(this.descriptor);
      done();
    };
    if (!this.isWriting) this.onIdle();
  }

  private startWrite(): void {
    this.isWriting = true;
    const nowMs = Date.now();
    if (nowMs - this.checkedAtMs < deletionCheckIntervalMs) return this.continueWrite();
    this.checkedAtMs = nowMs;
    fstat(this.descriptor, (error, stats) => {
      if (error === null && stats.nlink === 0) this.recreateFile();
      else this.writtenSinceCheck = 0;
      this.continueWrite();
    });
  }

  private continueWrite(): void {
    if (this.isFileMissing) {
      this.dropPending();
      return this.becomeIdle();
    }
    const lines = this.takePending();
    if (lines.length > 0) this.writeLines(lines);
    else void this.rotate();
  }

  /** Switches to a new file, as the current one has no room for the next line. */
  private async rotate(): Promise<void> {
    try {
      const descriptor = await this.files.rotate(Date.now());
      close(this.descriptor, () => undefined);
      this.switchTo(descriptor);
    } catch (error) {
      // Entries are dropped, so that the file does not exceed its maximum.
      this.dropPending();
      this.reportError(error as Error, 0);
    }
    this.writeNextOrIdle();
  }

  private switchTo(descriptor: number): void {
    this.descriptor = descriptor;
    this.fileBytes = 0;
    this.endsWithinLine = false;
  }

  private dropPending(): void {
    this.dropped += this.pending.length;
    this.pending = [];
    this.pendingBytes = 0;
  }

  /** Recreates a deleted file. Entries written since the last check are lost. */
  private recreateFile(): void {
    let reason = 'the file was deleted and has been recreated';
    try {
      const descriptor = this.files.create();
      closeSync(this.descriptor);
      this.switchTo(descriptor);
      this.isFileMissing = false;
    } catch (error) {
      reason = `the file was deleted and cannot be recreated: ${(error as Error).message}`;
      this.isFileMissing = true;
    }
    this.reportError(new Error(reason), this.writtenSinceCheck);
    this.writtenSinceCheck = 0;
  }

  private writeNextOrIdle(): void {
    if (this.pending.length > 0) this.startWrite();
    else this.becomeIdle();
  }

  private becomeIdle(): void {
    this.isWriting = false;
    this.onIdle?.();
  }

  private writeLines(lines: ByteString[]): void {
    // If this write fails, its lines are lost as well, and so is the notice about earlier ones.
    const droppedOnFailure = this.dropped + lines.length;
    // Entries are dropped behind those that are queued, so the notice follows these.
    if (this.dropped > 0 && this.pending.length === 0) {
      const noun = this.dropped === 1 ? 'entry' : 'entries';
      lines.push(`${this.dropped} log ${noun} lost here: the disk was too slow or not writable`);
      this.dropped = 0;
    }
    const text = `${this.endsWithinLine ? '\n' : ''}${lines.join('\n')}\n`;
    // Only one write is in progress at a time, so one buffer is enough.
    if (text.length > this.writeBuffer.length) this.writeBuffer = Buffer.allocUnsafeSlow(text.length);
    this.writeBuffer.write(text, 'latin1');
    this.writtenSinceCheck += lines.length;
    this.writeBytes(this.writeBuffer.subarray(0, text.length), droppedOnFailure);
  }

  /** Takes queued entries that fit into the current file, up to about `maxWriteBytes`; none if the next line does not fit. */
  private takePending(): ByteString[] {
    const reserved = this.dropped > 0 ? noticeBytes : 0;
    const room = Math.min(this.maxFileBytes - reserved - this.fileBytes, maxWriteBytes);
    let count = 0;
    let bytes = 0;
    for (; count < this.pending.length; count += 1) {
      const entryBytes = (this.pending[count]?.length ?? 0) + 1;
      if (bytes + entryBytes > room) break;
      bytes += entryBytes;
    }
    const lines = this.pending.splice(0, count);
    // An entry may consist of many lines, of which some fit.
    const [entry = ''] = this.pending;
    const end = this.findSplit(entry, lines.length === 0 && this.fileBytes === 0, room - bytes);
    if (end > 0) {
      lines.push(entry.slice(0, end));
      bytes += end + 1;
      this.pending.splice(0, 1, ...(end < entry.length ? [entry.slice(end + 1)] : []));
    }
    this.pendingBytes -= bytes;
    return lines;
  }

  /** Returns the end of the lines of an entry that fit, or of its first line if `mustFit`; 0 if none fits. */
  private findSplit(entry: ByteString, mustFit: boolean, room: number): number {
    const end = entry.lastIndexOf('\n', room - 1);
    if (end > 0 || !mustFit) return Math.max(end, 0);
    const first = entry.indexOf('\n');
    return first === -1 ? entry.length : first;
  }

  private writeBytes(bytes: Buffer, droppedOnFailure: number): void {
    write(this.descriptor, bytes, (error, written) => {
      if (error !== null) {
        this.reportError(error, droppedOnFailure);
        return this.writeNextOrIdle();
      }
      this.fileBytes += written;
      this.endsWithinLine = bytes[written - 1] !== lineFeed;
      if (written < bytes.length) return this.writeBytes(bytes.subarray(written), droppedOnFailure);
      this.isFailing = false;
      this.writeNextOrIdle();
    });
  }

  private reportError(error: Error, droppedLines: number): void {
    this.dropped += droppedLines;
    if (this.isFailing) return;
    this.isFailing = true;
    this.onError(error);
  }
}
