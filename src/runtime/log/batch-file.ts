import { closeSync, fstat, mkdirSync, openSync, write } from 'node:fs';
import { dirname } from 'node:path';
import Transport from 'winston-transport';
import type { ByteString } from '../../protocol/bytes.js';

/** Text that may wait for the disk, in bytes. Beyond it lines are dropped and counted: a log must not eat the server. */
const waitingBytesMax = 16 * 1024 * 1024;

/** Text that goes to the disk in one write, about, in bytes: putting more together would hold the clients up. */
const writeBytesMax = 512 * 1024;

/** How often it is looked whether the file is still there, in milliseconds: what is written into a deleted one is lost. */
const lookEveryMs = 1_000;

/** winston's key for the formatted line. */
const MESSAGE = Symbol.for('message');

/**
 * A winston transport to a file that writes what has gathered while the last write was under way together. winston's
 * own file transport costs several times as much a line, and keeps a burst in memory as objects.
 */
export class BatchFile extends Transport {
  private descriptor: number;
  private lookedAtMs = 0;
  /** Entries written since the file was last seen to be there. */
  private writtenUnseen = 0;
  private waiting: ByteString[] = [];
  private waitingBytes = 0;
  /** What is being written. */
  private bytes = Buffer.alloc(0);
  private lost = 0;
  private state: 'idle' | 'writing' = 'idle';
  private place: 'there' | 'gone' = 'there';
  private health: 'sound' | 'failing' = 'sound';
  private onIdle: (() => void) | undefined;

  /**
   * @param path made with its folders, and again should somebody delete it; must not exist
   * @param onTrouble hears of the first write that fails after one that did not
   * @throws the file system's error if the file cannot be made
   */
  constructor(
    private readonly path: string,
    level: string,
    private readonly onTrouble: (error: Error) => void,
  ) {
    super({ level });
    this.descriptor = this.begin();
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

  private begin(): number {
    mkdirSync(dirname(this.path), { recursive: true });
    return openSync(this.path, 'ax');
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
    if (this.place === 'there') return this.writeSome();
    this.lost += this.waiting.length;
    this.waiting = [];
    this.waitingBytes = 0;
    this.rest();
  }

  /** Somebody has deleted the file. What was written into it since it was last seen is lost. */
  private beginAnew(): void {
    let reason = 'it was deleted, and is begun anew';
    try {
      const descriptor = this.begin();
      closeSync(this.descriptor);
      this.descriptor = descriptor;
      this.place = 'there';
    } catch (error) {
      reason = `it was deleted, and cannot be begun anew: ${(error as Error).message}`;
      this.place = 'gone';
    }
    this.noteTrouble(new Error(reason), this.writtenUnseen);
    this.writtenUnseen = 0;
  }

  private rest(): void {
    this.state = 'idle';
    this.onIdle?.();
  }

  private writeSome(): void {
    const lines = this.takeWaiting();
    // Should this write fail too, then these lines are lost as well, and what was lost before is not told.
    const lostThen = this.lost + lines.length;
    // Lines are lost behind those that wait, and told of there.
    if (this.lost > 0 && this.waiting.length === 0) {
      lines.push(`${this.lost} times lines were lost here, because the disk was too slow or could not be written`);
      this.lost = 0;
    }
    const text = `${lines.join('\n')}\n`;
    // One write at a time, so one buffer does for all but those that are too long for it.
    if (text.length > this.bytes.length) this.bytes = Buffer.allocUnsafeSlow(text.length);
    this.bytes.write(text, 'latin1');
    this.writtenUnseen += lines.length;
    this.writeFrom(this.bytes.subarray(0, text.length), lostThen);
  }

  private takeWaiting(): ByteString[] {
    let count = 0;
    let bytes = 0;
    while (count < this.waiting.length && bytes < writeBytesMax) {
      bytes += (this.waiting[count]?.length ?? 0) + 1;
      count += 1;
    }
    this.waitingBytes -= bytes;
    return this.waiting.splice(0, count);
  }

  private writeFrom(bytes: Buffer, lostThen: number): void {
    write(this.descriptor, bytes, (error, written) => {
      if (error !== null) this.noteTrouble(error, lostThen);
      else if (written < bytes.length) return this.writeFrom(bytes.subarray(written), lostThen);
      else this.health = 'sound';
      if (this.waiting.length > 0) this.work();
      else this.rest();
    });
  }

  private noteTrouble(error: Error, lost: number): void {
    this.lost += lost;
    if (this.health === 'failing') return;
    this.health = 'failing';
    this.onTrouble(error);
  }
}
