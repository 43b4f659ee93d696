import { close, closeSync, fstat, write } from 'node:fs';
import Transport from 'winston-transport';
import type { ByteString } from '../../../protocol/text/bytes.js';
import type { LogFiles } from './log-files.js';

/** Text that may wait for the disk, in bytes. Beyond it lines are dropped and counted: a log must not eat the server. */
const maxPendingBytes = 16 * 1024 * 1024;

/** Text that goes to the disk in one write, about, in bytes: putting more together would hold the clients up. */
const maxWriteBytes = 512 * 1024;

/** How often it is looked whether the file is still there, in milliseconds: what is written into a deleted one is lost. */
const deletionCheckIntervalMs = 1_000;

/** Room in a file for the line that says how much was lost, in bytes. */
const noticeBytes = 128;

const lineFeed = 10;

/** winston's key for the formatted line. */
const MESSAGE = Symbol.for('message');

/**
 * A winston transport to a file that writes what has gathered while the last write was under way together. winston's
 * own file transport costs several times as much a line, and keeps a burst in memory as objects. A file that has no room for
 * the next line is followed by another one; no line is in two files.
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
  /** What is being written. */
  private writeBuffer = Buffer.alloc(0);
  private dropped = 0;
  private state: 'idle' | 'writing' = 'writing';
  private place: 'there' | 'gone' = 'there';
  /** Torn: the current file ends within a line; a disk that fills up takes a part of a line. */
  private lastLine: 'whole' | 'torn' = 'whole';
  private health: 'sound' | 'failing' = 'sound';
  private onIdle: (() => void) | undefined;

  /**
   * Makes the first file, and then deletes those that are too many.
   *
   * @param maxFileBytes a line that is longer has a file for itself
   * @param onError hears of the first write that fails after one that did not
   * @throws the file system's error if the file cannot be made
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

  /** Text that waits for the disk, in bytes. */
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
    if (this.state === 'idle') this.startWrite();
    next();
  }

  /** The stream has ended: everything is written before it says that it has finished. */
  override _final(done: (error?: Error | null) => void): void {
    this.onIdle = () => {
      closeSync(this.descriptor);
      done();
    };
    if (this.state === 'idle') this.onIdle();
  }

  private startWrite(): void {
    this.state = 'writing';
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
    if (this.place === 'gone') {
      this.dropPending();
      return this.becomeIdle();
    }
    const lines = this.takePending();
    if (lines.length > 0) this.writeLines(lines);
    else void this.rotate();
  }

  /** Goes on in another file: the current one has no room for the next line. */
  private async rotate(): Promise<void> {
    try {
      const descriptor = await this.files.rotate(Date.now());
      close(this.descriptor, () => undefined);
      this.switchTo(descriptor);
    } catch (error) {
      // Rather than grow beyond the bound the log loses lines.
      this.dropPending();
      this.reportError(error as Error, 0);
    }
    this.writeNextOrIdle();
  }

  private switchTo(descriptor: number): void {
    this.descriptor = descriptor;
    this.fileBytes = 0;
    this.lastLine = 'whole';
  }

  private dropPending(): void {
    this.dropped += this.pending.length;
    this.pending = [];
    this.pendingBytes = 0;
  }

  /** Somebody has deleted the file. What was written into it since it was last seen is lost. */
  private recreateFile(): void {
    let reason = 'it was deleted, and is begun anew';
    try {
      const descriptor = this.files.create();
      closeSync(this.descriptor);
      this.switchTo(descriptor);
      this.place = 'there';
    } catch (error) {
      reason = `it was deleted, and cannot be begun anew: ${(error as Error).message}`;
      this.place = 'gone';
    }
    this.reportError(new Error(reason), this.writtenSinceCheck);
    this.writtenSinceCheck = 0;
  }

  private writeNextOrIdle(): void {
    if (this.pending.length > 0) this.startWrite();
    else this.becomeIdle();
  }

  private becomeIdle(): void {
    this.state = 'idle';
    this.onIdle?.();
  }

  private writeLines(lines: ByteString[]): void {
    // Should this write fail too, then these lines are lost as well, and what was lost before is not told.
    const droppedOnFailure = this.dropped + lines.length;
    // Lines are lost behind those that wait, and told of there.
    if (this.dropped > 0 && this.pending.length === 0) {
      lines.push(`${this.dropped} times lines were lost here, because the disk was too slow or could not be written`);
      this.dropped = 0;
    }
    const text = `${this.lastLine === 'torn' ? '\n' : ''}${lines.join('\n')}\n`;
    // One write at a time, so one buffer does for all but those that are too long for it.
    if (text.length > this.writeBuffer.length) this.writeBuffer = Buffer.allocUnsafeSlow(text.length);
    this.writeBuffer.write(text, 'latin1');
    this.writtenSinceCheck += lines.length;
    this.writeBytes(this.writeBuffer.subarray(0, text.length), droppedOnFailure);
  }

  /** What waits and fits into the current file, up to about `maxWriteBytes`; nothing if the next line does not fit. */
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
    // An entry may be many lines: as many of them as there is room for.
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

  /** Where the lines of an entry end that fit into the room, or its first line where that must do; 0 if none fits. */
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
      this.lastLine = bytes[written - 1] === lineFeed ? 'whole' : 'torn';
      if (written < bytes.length) return this.writeBytes(bytes.subarray(written), droppedOnFailure);
      this.health = 'sound';
      this.writeNextOrIdle();
    });
  }

  private reportError(error: Error, droppedLines: number): void {
    this.dropped += droppedLines;
    if (this.health === 'failing') return;
    this.health = 'failing';
    this.onError(error);
  }
}
