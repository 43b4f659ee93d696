/** Size of a buffer in bytes: more than the responses to most reads. */
const bufferBytes = 128 * 1_024;

/** Maximum buffers of a pool, used and unused. Slow readers can occupy no more. */
const maxBuffers = 64;

/** Maximum memory of a pool in bytes. */
export const maxPoolBytes = maxBuffers * bufferBytes;

/**
 * Bounded pool of output buffers. Allocating one for each write costs more than filling it, and its release starts garbage collections.
 */
export class BufferPool {
  private readonly unused: Buffer[] = [];
  private count = 0;

  /** Returns a buffer with room for a number of bytes; undefined if they are too many or all buffers are used. */
  acquire(bytes: number): Buffer | undefined {
    if (bytes > bufferBytes) return undefined;
    const buffer = this.unused.pop();
    if (buffer !== undefined || this.count === maxBuffers) return buffer;
    this.count += 1;
    return Buffer.allocUnsafeSlow(bufferBytes);
  }

  /** Takes back a buffer, the last of which is the first to be used again: it is still in the cache. */
  release(buffer: Buffer): void {
    this.unused.push(buffer);
  }
}
