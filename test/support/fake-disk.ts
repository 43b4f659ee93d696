import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

type Written = (error: NodeJS.ErrnoException | null, written: number) => void;
type Write = (descriptor: number, buffers: readonly Buffer[], written: Written) => void;

/** Disk that is slow, full, writes only half of what it is given ("short"), or is full after half of the next write ("filling"). */
export class FakeDisk {
  state: 'sound' | 'slow' | 'full' | 'short' | 'filling' = 'sound';
  /** Number of writes that were begun. */
  writeCount = 0;
  private readonly original = fs.writev;
  private readonly blockedWrites: (() => void)[] = [];

  constructor() {
    const write: Write = (descriptor, buffers, written) => {
      this.writeCount += 1;
      const go = () => this.write(descriptor, buffers, written);
      if (this.state === 'slow') this.blockedWrites.push(go);
      else go();
    };
    this.install(write as typeof fs.writev);
  }

  /** Carries out all writes that wait; the disk is fast again. */
  release(): void {
    this.state = 'sound';
    for (const go of this.blockedWrites.splice(0)) go();
  }

  /** Carries out the first write that waits. */
  releaseOne(): void {
    this.blockedWrites.shift()?.();
  }

  /** Restores the disk. */
  restore(): void {
    this.release();
    this.install(this.original);
  }

  private write(descriptor: number, buffers: readonly Buffer[], written: Written): void {
    const full: NodeJS.ErrnoException = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    if (this.state === 'full') setImmediate(() => written(full, 0));
    else if (this.state === 'short' || this.state === 'filling') {
      if (this.state === 'filling') this.state = 'full';
      const bytes = Buffer.concat(buffers);
      this.original(descriptor, [bytes.subarray(0, Math.ceil(bytes.length / 2))], written);
    } else this.original(descriptor, buffers, written);
  }

  private install(write: typeof fs.writev): void {
    fs.writev = write;
    // Named imports are bound to the original without this.
    syncBuiltinESMExports();
  }
}
