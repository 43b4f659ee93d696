import type { ByteString } from '../../../protocol/text/byte-string.js';
import { WordBuffer } from '../../../protocol/text/word-buffer.js';

/** Size of a chunk, in bytes: a chunk that is filled, and then read by the kernel, stays in the cache of a core. */
const chunkBytes = 256 * 1024;

/** Maximum memory of the queued chunks, in bytes. Beyond it lines are dropped and counted: a log must not exhaust memory. */
const maxBufferBytes = 16 * 1024 * 1024;

/** Maximum chunks kept for reuse: with the one that is filled they take 1 MiB. */
const maxSpareChunks = 3;

/** Space in front of the lines of a chunk, for a line about lost ones. */
const frontBytes = 128;

const LF = 10;

/** Part of a log buffer. The range from `start` to `end` is to be written; it consists of whole lines. */
export class LogChunk extends WordBuffer {
  start = frontBytes;
  end = frontBytes;
  /** Lines in the range. */
  lines = 0;
  /** Lines that were dropped behind the range. */
  droppedBehind = 0;

  get length(): number {
    return this.end - this.start;
  }

  /** Returns the end of the lines that fit into a number of bytes, or of the first one if `mustFit`; `start` if none fits. */
  findSplit(maxBytes: number, mustFit: boolean): number {
    const { bytes, start, end } = this;
    if (end - start <= maxBytes) return end;
    const last = maxBytes > 0 ? bytes.subarray(start, start + maxBytes).lastIndexOf(LF) : -1;
    if (last >= 0 || !mustFit) return start + last + 1;
    return bytes.indexOf(LF, start) + 1;
  }

  /** Removes the range up to `end`, which is the end of a line; returns the number of lines. */
  take(end: number): number {
    const taken = end === this.end ? this.lines : countLineEnds(this.bytes, this.start, end);
    this.lines -= taken;
    this.start = end;
    return taken;
  }

  /** Makes the chunk empty. */
  reset(): void {
    this.start = frontBytes;
    this.end = frontBytes;
    this.lines = 0;
    this.droppedBehind = 0;
  }
}

/**
 * Queue of log lines as bytes, in chunks that are reused. Lines are appended to the newest chunk, also while the older part of it is
 * being written. Without lines it takes no memory.
 */
export class LogBuffer {
  private readonly chunks: LogChunk[] = [];
  private readonly spare: LogChunk[] = [];
  private sizeBytes = 0;

  /** The oldest chunk; undefined if there was no line yet. */
  get oldest(): LogChunk | undefined {
    return this.chunks[0];
  }

  /** Whether the oldest chunk is full: another one is being filled. */
  get hasFullChunk(): boolean {
    return this.chunks.length > 1;
  }

  /** Returns the full chunks behind the oldest one. */
  get fullBehindOldest(): readonly LogChunk[] {
    return this.chunks.slice(1, -1);
  }

  /** Bytes to be written. */
  get length(): number {
    return this.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  /** Returns the chunk to which a number of bytes may be appended; undefined if the buffer is full. */
  reserve(bytes: number): LogChunk | undefined {
    const newest = this.chunks.at(-1);
    // Lines behind those that were dropped go to the next chunk, so that their place is known.
    if (newest?.droppedBehind === 0 && newest.end + bytes <= newest.size) return newest;
    return this.addChunk(Math.max(chunkBytes, frontBytes + bytes));
  }

  /** Appends an entry, given without the last line end; drops it if the buffer is full. */
  append(entry: ByteString): void {
    const chunk = this.reserve(entry.length + 1);
    if (chunk === undefined) return this.drop(1);
    const end = chunk.write(entry, chunk.end);
    chunk.view.setUint8(end, LF);
    chunk.end = end + 1;
    chunk.lines += 1;
  }

  /** Counts lines that were dropped because the buffer is full. */
  drop(lines: number): void {
    const newest = this.chunks.at(-1);
    if (newest !== undefined) newest.droppedBehind += lines;
  }

  /** Frees the oldest chunks of which everything is written. Returns the number of lines that were dropped behind them. */
  release(): number {
    let dropped = 0;
    for (let chunk = this.oldest; chunk?.length === 0; chunk = this.oldest) {
      dropped += chunk.droppedBehind;
      chunk.reset();
      if (this.chunks.length === 1) break;
      this.removeOldest(chunk);
    }
    return dropped;
  }

  /** Drops everything; returns the number of lines, including those dropped earlier. */
  clear(): number {
    let dropped = 0;
    for (const chunk of [...this.chunks]) {
      dropped += chunk.take(chunk.end);
      dropped += this.release();
    }
    return dropped;
  }

  private addChunk(size: number): LogChunk | undefined {
    if (this.sizeBytes + size > maxBufferBytes) return undefined;
    const chunk = (size === chunkBytes ? this.spare.pop() : undefined) ?? new LogChunk(size);
    this.sizeBytes += size;
    this.chunks.push(chunk);
    return chunk;
  }

  private removeOldest(chunk: LogChunk): void {
    this.chunks.shift();
    this.sizeBytes -= chunk.size;
    if (chunk.size === chunkBytes && this.spare.length < maxSpareChunks) this.spare.push(chunk);
  }
}

/** Returns the number of line ends in a range of bytes. */
export function countLineEnds(bytes: Buffer, start: number, end: number): number {
  let count = 0;
  for (let index = bytes.indexOf(LF, start); index >= 0 && index < end; index = bytes.indexOf(LF, index + 1))
    count += 1;
  return count;
}
