import Transport from 'winston-transport';
import type { ByteString } from '../../../protocol/text/byte-string.js';
import type { Lines } from '../../../protocol/text/lines.js';
import { appendLines } from './append-lines.js';
import { LogBuffer } from './log-buffer.js';
import type { LogFiles } from './log-files.js';
import { LogWriter } from './log-writer.js';

/**
 * Milliseconds for which lines are batched: a write costs as much as a hundred lines. A killed process loses this much of its log;
 * warnings and errors are written at once.
 */
const batchMs = 50;

/** Key under which winston passes the formatted entry. */
const MESSAGE = Symbol.for('message');

/** Entry of winston. */
interface LogEntry {
  readonly level: string;
  readonly [MESSAGE]?: ByteString;
}

/**
 * Winston transport to files that batches entries as bytes. Lines of the protocol may be appended without winston, which costs many
 * times as much per line.
 */
export class BatchFileTransport extends Transport {
  private readonly buffer = new LogBuffer();
  private readonly writer: LogWriter;
  private timer: NodeJS.Timeout | undefined;

  /**
   * Creates the first file, and then deletes surplus files.
   *
   * @param maxFileBytes a longer line gets a file of its own
   * @param onError called for the first failure after a success
   * @throws the file system's error if the file cannot be created
   */
  constructor(files: LogFiles, maxFileBytes: number, level: string, onError: (error: Error) => void) {
    super({ level });
    this.writer = new LogWriter(this.buffer, files, maxFileBytes, onError);
  }

  /** Bytes queued for the disk. */
  get bufferedBytes(): number {
    return this.buffer.length;
  }

  /** Appends received or sent lines. @param prefix start of each line of the log */
  appendLines(lines: Lines, prefix: ByteString): void {
    appendLines(this.buffer, lines, prefix);
    this.scheduleWrite();
  }

  /** Appends an entry, given without the last line end. */
  append(entry: ByteString): void {
    this.buffer.append(entry);
    this.scheduleWrite();
  }

  /** Called by winston for each entry. */
  override log(info: object, next: () => void): void {
    // Types of winston do not say what an entry contains.
    const { level, [MESSAGE]: text = '' } = info as LogEntry;
    this.append(text);
    if (level === 'warn' || level === 'error') this.flush();
    next();
  }

  /** Called at the end of the stream, which finishes when everything is written. */
  override _final(done: (error?: Error | null) => void): void {
    clearTimeout(this.timer);
    this.writer.close(done);
  }

  private scheduleWrite(): void {
    if (this.buffer.hasFullChunk) this.writer.writeFullChunks();
    this.timer ??= setTimeout(() => this.flush(), batchMs);
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.writer.flush();
  }
}
