import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

type Written = (error: NodeJS.ErrnoException | null, written: number) => void;
type Write = (descriptor: number, bytes: Buffer, written: Written) => void;

/** Stands between the program and the disk, for writes: slow as long as the test wants, or full; filling: full after a part of the next write. */
export class FakeDisk {
  state: 'sound' | 'slow' | 'full' | 'short' | 'filling' = 'sound';
  /** How many writes the program has begun. */
  writeCount = 0;
  private readonly original = fs.write;
  private readonly blockedWrites: (() => void)[] = [];

  constructor() {
    const write: Write = (descriptor, bytes, written) => {
      this.writeCount += 1;
      const go = () => this.write(descriptor, bytes, written);
      if (this.state === 'slow') this.blockedWrites.push(go);
      else go();
    };
    this.install(write as typeof fs.write);
  }

  /** The disk is quick again. */
  release(): void {
    this.state = 'sound';
    for (const go of this.blockedWrites.splice(0)) go();
  }

  /** Carries out the first write that waits. */
  releaseOne(): void {
    this.blockedWrites.shift()?.();
  }

  /** Takes the fake away. */
  restore(): void {
    this.release();
    this.install(this.original);
  }

  private write(descriptor: number, bytes: Buffer, written: Written): void {
    const full: NodeJS.ErrnoException = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    if (this.state === 'full') setImmediate(() => written(full, 0));
    else if (this.state === 'short' || this.state === 'filling') {
      if (this.state === 'filling') this.state = 'full';
      this.original(descriptor, bytes.subarray(0, Math.ceil(bytes.length / 2)), written);
    } else this.original(descriptor, bytes, written);
  }

  private install(write: typeof fs.write): void {
    fs.write = write;
    // Without this, only those would see it who import the module as a whole.
    syncBuiltinESMExports();
  }
}
