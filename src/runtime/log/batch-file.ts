import { closeSync, mkdirSync, openSync, write } from 'node:fs';
import { dirname } from 'node:path';
import Transport from 'winston-transport';
import type { ByteString } from '../../protocol/bytes.js';

/** Text that may wait for the disk, in bytes. Beyond it lines are dropped and counted: a log must not eat the server. */
const waitingBytesMax = 16 * 1024 * 1024;

/** winston's key for the formatted line. */
const MESSAGE = Symbol.for('message');

/**
 * A winston transport to a file that writes everything that has gathered while the last write was under way at once. winston's
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
    if (this.state === 'idle') this.writeAll();
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

  private writeAll(): void {
    // Should this write fail too, then these lines are lost as well, and what was lost before is not told.
    const lostThen = this.lost + this.waiting.length;
    if (this.lost > 0) {
      this.waiting.push(
        `${this.lost} times lines were lost here, because the disk was too slow or could not be written`,
      );
      this.lost = 0;
    }
    const bytes = Buffer.from(`${this.waiting.join('\n')}\n`, 'latin1');
    this.waiting = [];
    this.waitingBytes = 0;
    this.state = 'writing';
    this.writeFrom(bytes, lostThen);
  }

  private writeFrom(bytes: Buffer, lostThen: number): void {
    write(this.descriptor, bytes, (error, written) => {
      if (error !== null) this.noteTrouble(error, lostThen);
      else if (written < bytes.length) return this.writeFrom(bytes.subarray(written), lostThen);
      else this.health = 'sound';
      if (this.waiting.length > 0) return this.writeAll();
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
