import { closeSync, mkdirSync, openSync, write } from 'node:fs';
import { dirname } from 'node:path';
import Transport from 'winston-transport';
import type { ByteString } from '../../protocol/bytes.js';

/** Text that may wait for the disk, in bytes. Beyond it lines are dropped and counted: a log must not eat the server. */
const waitingBytesMax = 16 * 1024 * 1024;

/** Text that goes to the disk in one write, about, in bytes: putting more together would hold the clients up. */
const writeBytesMax = 512 * 1024;

/** winston's key for the formatted line. */
const MESSAGE = Symbol.for('message');

/**
 * A winston transport to a file that writes what has gathered while the last write was under way together. winston's
 * own file transport costs several times as much a line, and keeps a burst in memory as objects.
 */
export class BatchFile extends Transport {
  private readonly descriptor: number;
  private waiting: ByteString[] = [];
  private waitingBytes = 0;
  private lost = 0;
  private state: 'idle' | 'writing' = 'idle';
  private health: 'sound' | 'failing' = 'sound';
  private onIdle: (() => void) | undefined;

  /**
   * @param path made with its folders; must not exist
   * @param onTrouble hears of the first write that fails after one that did not
   * @throws the file system's error if the file cannot be made
   */
  constructor(
    path: string,
    level: string,
    private readonly onTrouble: (error: Error) => void,
  ) {
    super({ level });
    mkdirSync(dirname(path), { recursive: true });
    this.descriptor = openSync(path, 'ax');
  }

  override log(info: object, next: () => void): void {
    const line = (info as { [MESSAGE]?: ByteString })[MESSAGE] ?? '';
    if (this.waitingBytes > waitingBytesMax) this.lost += 1;
    else {
      this.waiting.push(line);
      this.waitingBytes += line.length + 1;
    }
    if (this.state === 'idle') this.writeSome();
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

  private writeSome(): void {
    const lines = this.takeWaiting();
    // Should this write fail too, then these lines are lost as well, and what was lost before is not told.
    const lostThen = this.lost + lines.length;
    // Lines are lost behind those that wait, and told of there.
    if (this.lost > 0 && this.waiting.length === 0) {
      lines.push(`${this.lost} times lines were lost here, because the disk was too slow or could not be written`);
      this.lost = 0;
    }
    const bytes = Buffer.from(`${lines.join('\n')}\n`, 'latin1');
    this.state = 'writing';
    this.writeFrom(bytes, lostThen);
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
      if (this.waiting.length > 0) return this.writeSome();
      this.state = 'idle';
      this.onIdle?.();
    });
  }

  private noteTrouble(error: Error, lost: number): void {
    this.lost += lost;
    if (this.health === 'failing') return;
    this.health = 'failing';
    this.onTrouble(error);
  }
}
