import { close, closeSync, fstat, write } from 'node:fs';
import Transport from 'winston-transport';
import type { ByteString } from '../../../protocol/text/bytes.js';
import type { LogFiles } from './log-files.js';

/** Text that may wait for the disk, in bytes. Beyond it lines are dropped and counted: a log must not eat the server. */
const waitingBytesMax = 16 * 1024 * 1024;

/** Text that goes to the disk in one write, about, in bytes: putting more together would hold the clients up. */
const writeBytesMax = 512 * 1024;

/** How often it is looked whether the file is still there, in milliseconds: what is written into a deleted one is lost. */
const lookEveryMs = 1_000;

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
export class BatchFile extends Transport {
  private descriptor: number;
  /** Bytes in the current file. */
  private fileBytes = 0;
  private lookedAtMs = 0;
  /** Entries written since the file was last seen to be there. */
  private writtenUnseen = 0;
  private waiting: ByteString[] = [];
  private waitingBytes = 0;
  /** What is being written. */
  private bytes = Buffer.alloc(0);
  private lost = 0;
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
   * @param onTrouble hears of the first write that fails after one that did not
   * @throws the file system's error if the file cannot be made
   */
  constructor(
    private readonly files: LogFiles,
    private readonly maxFileBytes: number,
    level: string,
    private readonly onTrouble: (error: Error) => void,
  ) {
    super({ level });
    this.descriptor = files.begin();
    void files
      .prune()
      .catch((error: unknown) => this.noteTrouble(error as Error, 0))
      .then(() => this.next());
  }

  /** Text that waits for the disk, in bytes. */
  get bytesWaiting(): number {
    return this.waitingBytes;
  }

  override log(info: object, next: () => void): void {
    const line = (info as { [MESSAGE]?: ByteString })[MESSAGE] ?? '';
    if (this.waitingBytes > waitingBytesMax) this.lost += 1;
    else {
      this.waiting.push(line);
      this.waitingBytes += line.length + 1;
    }
    if (this.state === 'idle') this.work();
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

  private work(): void {
    this.state = 'writing';
    const nowMs = Date.now();
    if (nowMs - this.lookedAtMs < lookEveryMs) return this.goOn();
    this.lookedAtMs = nowMs;
    fstat(this.descriptor, (error, stats) => {
      if (error === null && stats.nlink === 0) this.beginAnew();
      else this.writtenUnseen = 0;
      this.goOn();
    });
  }

  private goOn(): void {
    if (this.place === 'gone') {
      this.loseWaiting();
      return this.rest();
    }
    const lines = this.takeWaiting();
    if (lines.length > 0) this.writeSome(lines);
    else void this.rotate();
  }

  /** Goes on in another file: the current one has no room for the next line. */
  private async rotate(): Promise<void> {
    try {
      const descriptor = await this.files.next(Date.now());
      close(this.descriptor, () => undefined);
      this.continueIn(descriptor);
    } catch (error) {
      // Rather than grow beyond the bound the log loses lines.
      this.loseWaiting();
      this.noteTrouble(error as Error, 0);
    }
    this.next();
  }

  private continueIn(descriptor: number): void {
    this.descriptor = descriptor;
    this.fileBytes = 0;
    this.lastLine = 'whole';
  }

  private loseWaiting(): void {
    this.lost += this.waiting.length;
    this.waiting = [];
    this.waitingBytes = 0;
  }

  /** Somebody has deleted the file. What was written into it since it was last seen is lost. */
  private beginAnew(): void {
    let reason = 'it was deleted, and is begun anew';
    try {
      const descriptor = this.files.begin();
      closeSync(this.descriptor);
      this.continueIn(descriptor);
      this.place = 'there';
    } catch (error) {
      reason = `it was deleted, and cannot be begun anew: ${(error as Error).message}`;
      this.place = 'gone';
    }
    this.noteTrouble(new Error(reason), this.writtenUnseen);
    this.writtenUnseen = 0;
  }

  private next(): void {
    if (this.waiting.length > 0) this.work();
    else this.rest();
  }

  private rest(): void {
    this.state = 'idle';
    this.onIdle?.();
  }

  private writeSome(lines: ByteString[]): void {
    // Should this write fail too, then these lines are lost as well, and what was lost before is not told.
    const lostThen = this.lost + lines.length;
    // Lines are lost behind those that wait, and told of there.
    if (this.lost > 0 && this.waiting.length === 0) {
      lines.push(`${this.lost} times lines were lost here, because the disk was too slow or could not be written`);
      this.lost = 0;
    }
    const text = `${this.lastLine === 'torn' ? '\n' : ''}${lines.join('\n')}\n`;
    // One write at a time, so one buffer does for all but those that are too long for it.
    if (text.length > this.bytes.length) this.bytes = Buffer.allocUnsafeSlow(text.length);
    this.bytes.write(text, 'latin1');
    this.writtenUnseen += lines.length;
    this.writeFrom(this.bytes.subarray(0, text.length), lostThen);
  }

  /** What waits and fits into the current file, up to about `writeBytesMax`; nothing if the next line does not fit. */
  private takeWaiting(): ByteString[] {
    const reserved = this.lost > 0 ? noticeBytes : 0;
    const room = Math.min(this.maxFileBytes - reserved - this.fileBytes, writeBytesMax);
    let count = 0;
    let bytes = 0;
    for (; count < this.waiting.length; count += 1) {
      const entryBytes = (this.waiting[count]?.length ?? 0) + 1;
      if (bytes + entryBytes > room) break;
      bytes += entryBytes;
    }
    const lines = this.waiting.splice(0, count);
    // An entry may be many lines: as many of them as there is room for.
    const [entry = ''] = this.waiting;
    const end = this.splitOf(entry, lines.length === 0 && this.fileBytes === 0, room - bytes);
    if (end > 0) {
      lines.push(entry.slice(0, end));
      bytes += end + 1;
      this.waiting.splice(0, 1, ...(end < entry.length ? [entry.slice(end + 1)] : []));
    }
    this.waitingBytes -= bytes;
    return lines;
  }

  /** Where the lines of an entry end that fit into the room, or its first line where that must do; 0 if none fits. */
  private splitOf(entry: ByteString, mustFit: boolean, room: number): number {
    const end = entry.lastIndexOf('\n', room - 1);
    if (end > 0 || !mustFit) return Math.max(end, 0);
    const first = entry.indexOf('\n');
    return first === -1 ? entry.length : first;
  }

  private writeFrom(bytes: Buffer, lostThen: number): void {
    write(this.descriptor, bytes, (error, written) => {
      if (error !== null) {
        this.noteTrouble(error, lostThen);
        return this.next();
      }
      this.fileBytes += written;
      this.lastLine = bytes[written - 1] === lineFeed ? 'whole' : 'torn';
      if (written < bytes.length) return this.writeFrom(bytes.subarray(written), lostThen);
      this.health = 'sound';
      this.next();
    });
  }

  private noteTrouble(error: Error, lost: number): void {
    this.lost += lost;
    if (this.health === 'failing') return;
    this.health = 'failing';
    this.onTrouble(error);
  }
}
