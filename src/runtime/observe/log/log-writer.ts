import { close, closeSync, fstat, writev } from 'node:fs';
import type { ByteString } from '../../../protocol/text/byte-string.js';
import { countLineEnds, type LogBuffer, type LogChunk } from './log-buffer.js';
import type { LogFiles } from './log-files.js';

/** Interval of checks whether the file was deleted, in milliseconds: writes into a deleted file are lost. */
const deletionCheckIntervalMs = 1_000;

const LF = 10;

/**
 * Writes a log buffer to files, one write at a time. If a file has no room for the next line, a new file follows; no line spans two
 * files. Lines that cannot be written are dropped, and a line in their place tells how many.
 */
export class LogWriter {
  private descriptor: number;
  /** Bytes in the current file. */
  private fileBytes = 0;
  private checkedAtMs = 0;
  /** Lines written since the file was last seen to be there. */
  private writtenSinceCheck = 0;
  /** Lines that were dropped in front of the next one to be written. */
  private lost = 0;
  private isBusy = true;
  /** Whether a chunk that is not full is to be written as well. */
  private isDue = false;
  /** Whether the file was deleted and could not be recreated. */
  private isFileMissing = false;
  /** Whether the current file ends within a line: a disk that fills up stores a part of a line. */
  private endsWithinLine = false;
  /** Whether an error was reported that has not been followed by a successful write. */
  private isFailing = false;
  private onClosed: (() => void) | undefined;

  /**
   * Creates the first file, and then deletes surplus files.
   *
   * @param maxFileBytes a longer line gets a file of its own
   * @param onError called for the first failure after a success
   * @throws the file system's error if the file cannot be created
   */
  constructor(
    private readonly buffer: LogBuffer,
    private readonly files: LogFiles,
    private readonly maxFileBytes: number,
    private readonly onError: (error: Error) => void,
  ) {
    this.descriptor = files.create();
    void files
      .prune()
      .catch((error: unknown) => this.reportError(error as Error, 0))
      .then(() => this.continueOrIdle());
  }

  /** Writes everything in the buffer; after the write in progress if there is one. */
  flush(): void {
    this.isDue = true;
    if (!this.isBusy) this.continueOrIdle();
  }

  /** Writes the chunks that are full. */
  writeFullChunks(): void {
    if (!this.isBusy) this.continueOrIdle();
  }

  /** Writes everything and closes the file. */
  close(onClosed: () => void): void {
    this.onClosed = onClosed;
    this.flush();
  }

  private continueOrIdle(): void {
    if (this.hasWork()) return this.startWrite();
    this.isBusy = false;
    if (this.onClosed === undefined) return;
    closeSync(this.descriptor);
    this.onClosed();
  }

  private hasWork(): boolean {
    const { oldest, hasFullChunk } = this.buffer;
    if (hasFullChunk || (this.isDue && oldest !== undefined && oldest.length > 0)) return true;
    this.isDue = false;
    // The number of lost lines, behind everything else.
    return this.lost > 0 && !this.isFailing && oldest?.length === 0;
  }

  private startWrite(): void {
    this.isBusy = true;
    const nowMs = Date.now();
    if (nowMs - this.checkedAtMs < deletionCheckIntervalMs) return this.writeOldest();
    this.checkedAtMs = nowMs;
    fstat(this.descriptor, (error, stats) => {
      if (error === null && stats.nlink === 0) this.recreateFile();
      else this.writtenSinceCheck = 0;
      this.writeOldest();
    });
  }

  /** Writes what fits into the file, of the oldest chunk and of the full ones behind it, and continues. */
  private writeOldest(): void {
    const chunk = this.buffer.oldest;
    if (chunk === undefined || this.isFileMissing) {
      this.lost += this.buffer.clear();
      return this.continueOrIdle();
    }
    if (chunk.length === 0 && this.lost === 0) return this.finishRange();
    const front = (this.endsWithinLine ? '\n' : '') + formatLost(this.lost);
    const room = this.maxFileBytes - this.fileBytes - front.length;
    const isFileEmpty = this.fileBytes === 0;
    const end = chunk.findSplit(room, isFileEmpty && front === '');
    if (end > chunk.start || (this.lost > 0 && (room >= 0 || isFileEmpty))) this.writeRange(chunk, end, front);
    else void this.rotate();
  }

  /** Writes the range of a chunk up to `end`, behind `front`, for which there is space in front of the range; and full chunks. */
  private writeRange(chunk: LogChunk, end: number, front: ByteString): void {
    const start = chunk.start - front.length;
    if (front !== '') chunk.write(front, start);
    this.writtenSinceCheck += this.lost + chunk.take(end);
    const ranges = [chunk.bytes.subarray(start, end)];
    let room = this.maxFileBytes - this.fileBytes - (end - start);
    // One write for all full chunks: a server that is busy starts few writes per second.
    let last = chunk;
    for (const next of this.buffer.fullBehindOldest) {
      if (last.length > 0 || last.droppedBehind > 0 || next.length > room) break;
      room -= next.length;
      ranges.push(next.bytes.subarray(next.start, next.end));
      this.writtenSinceCheck += next.take(next.end);
      last = next;
    }
    // Lines that follow during the write wait for the next flush.
    if (this.buffer.length === 0) this.isDue = false;
    this.writeRanges(ranges, front.length);
  }

  /** Writes ranges that consist of whole lines. @param frontBytes bytes in front of the lines of the first range */
  private writeRanges(ranges: readonly Buffer[], frontBytes: number): void {
    writev(this.descriptor, ranges, (error, written) => {
      if (error !== null) {
        const lines = ranges.reduce(
          (sum, range, index) => sum + countLineEnds(range, index === 0 ? frontBytes : 0, range.length),
          0,
        );
        this.reportError(error, lines);
        return this.finishRange();
      }
      this.fileBytes += written;
      if (written >= frontBytes) this.lost = 0;
      const { rest, isWithinLine } = skipBytes(ranges, written);
      this.endsWithinLine = isWithinLine;
      if (rest.length > 0) return this.writeRanges(rest, Math.max(0, frontBytes - written));
      this.isFailing = false;
      this.finishRange();
    });
  }

  private finishRange(): void {
    this.lost += this.buffer.release();
    this.continueOrIdle();
  }

  /** Switches to a new file, as the current one has no room for the next line. */
  private async rotate(): Promise<void> {
    try {
      const descriptor = await this.files.rotate(Date.now());
      close(this.descriptor, () => undefined);
      this.switchTo(descriptor);
    } catch (error) {
      // Lines are dropped, so that the file does not exceed its maximum.
      this.reportError(error as Error, this.buffer.clear());
    }
    this.continueOrIdle();
  }

  private switchTo(descriptor: number): void {
    this.descriptor = descriptor;
    this.fileBytes = 0;
    this.endsWithinLine = false;
  }

  /** Recreates a deleted file. Lines written since the last check are lost. */
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

  private reportError(error: Error, droppedLines: number): void {
    this.lost += droppedLines;
    if (this.isFailing) return;
    this.isFailing = true;
    this.onError(error);
  }
}

/** Formats the line in place of lost ones, with its line end; empty if none was lost. */
function formatLost(lines: number): ByteString {
  if (lines === 0) return '';
  return `${lines} log ${lines === 1 ? 'entry' : 'entries'} lost here: the disk was too slow or not writable\n`;
}

/** Returns what follows the first bytes of some ranges, and whether those bytes end within a line. */
function skipBytes(
  ranges: readonly Buffer[],
  bytes: number,
): { readonly rest: readonly Buffer[]; readonly isWithinLine: boolean } {
  let left = bytes;
  for (const [index, range] of ranges.entries()) {
    if (left < range.length) {
      const isWithinLine = left > 0 && range[left - 1] !== LF;
      return { rest: [range.subarray(left), ...ranges.slice(index + 1)], isWithinLine };
    }
    left -= range.length;
  }
  return { rest: [], isWithinLine: false };
}
