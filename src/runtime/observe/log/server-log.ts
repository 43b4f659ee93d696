import { finished } from 'node:stream/promises';
import { createLogger, format, type Logger } from 'winston';
import type { HerdEvent, LinesEvent } from '../../../actors/bus/events.js';
import type { ByteString } from '../../../protocol/text/bytes.js';
import type { MessageBus } from '../../bus/message-bus.js';
import { eventUses } from '../event-uses.js';
import { BatchFileTransport } from './batch-file-transport.js';
import { LogFiles, type LogSuffix } from './log-files.js';
import { formatEvent, formatLines } from './format-event.js';
import { logLevels, type LogLevel, type LogSettings } from './log-settings.js';

/**
 * Milliseconds that lines wait for those that follow. An entry, and the thread that brings it to the disk, cost what a hundred
 * lines do, and a location that is on its way through the herd must not wait for either, not even where it comes alone. What a
 * kill loses of the log is this much. What went wrong is written at once.
 */
const batchMs = 50;

/**
 * The log of one start of one server: files of everything, and files of what went wrong. It listens to the server's bus.
 * The lines of 50 milliseconds go through winston as one entry.
 */
export class ServerLog {
  private readonly logger: Logger;
  private readonly files: readonly BatchFileTransport[];
  private batch: ByteString[] = [];
  private batchTimer: NodeJS.Timeout | undefined;
  private state: 'open' | 'closed' = 'open';
  private level: LogLevel;
  private bus: MessageBus | undefined;
  private unsubscribeLines = (): void => undefined;
  private timestampMs = 0;
  private timestamp = '';

  /**
   * @param folder where this server's logs are
   * @param onError hears once when the log cannot be written; the server goes on without
   * @throws the file system's error if the files cannot be made
   */
  constructor(
    folder: string,
    { level, maxFileBytes, maxFiles }: Omit<LogSettings, 'dir'>,
    onError: (error: Error) => void,
  ) {
    this.level = level;
    const startedMs = Date.now();
    const file = (suffix: LogSuffix, least: LogLevel) =>
      new BatchFileTransport(new LogFiles(folder, suffix, maxFiles, startedMs), maxFileBytes, least, onError);
    this.files = [file('.log', 'info'), file('.error.log', 'warn')];
    this.logger = createLogger({
      format: format.printf(({ message }) => String(message)),
      transports: [...this.files],
    });
    this.logger.on('error', onError);
  }

  /** Bytes that wait for the disk. */
  get bufferedBytes(): number {
    return this.files.reduce((sum, file) => sum + file.bufferedBytes, 0);
  }

  /** Writes down what happens on a bus from now on. */
  listen(bus: MessageBus): void {
    for (const [kind, { isLogged }] of Object.entries(eventUses)) {
      if (isLogged) bus.on(kind as HerdEvent['kind'], (event) => this.logEvent(event));
    }
    this.bus = bus;
    this.setLevel(this.level);
  }

  /** Tells of what is of this level or above from now on. */
  setLevel(level: LogLevel): void {
    this.level = level;
    // Lines are most of what happens: where they are not told of, nobody listens.
    this.unsubscribeLines();
    if (level === 'lines')
      this.unsubscribeLines = this.bus?.on('lines', (event) => this.logLines(event)) ?? this.unsubscribeLines;
  }

  /** Resolves when everything is on disk, or cannot be brought there. */
  async close(): Promise<void> {
    this.flush();
    this.state = 'closed';
    const written = this.files.map((file) => finished(file));
    this.logger.end();
    await Promise.allSettled(written);
  }

  private logEvent(event: HerdEvent): void {
    const line = formatEvent(event);
    if (line === undefined || this.state === 'closed' || !this.isEnabled(event, line.level)) return;
    const stamped = `${this.currentTimestamp()} ${line.text}`;
    if (line.level === 'info' || line.level === 'lines') return this.addToBatch(stamped);
    this.flush();
    this.logger.log(line.level, stamped);
  }

  /** Who has the log tell less cannot do so unseen. */
  private isEnabled({ kind }: HerdEvent, level: LogLevel): boolean {
    return kind === 'admin-action' || logLevels.indexOf(level) >= logLevels.indexOf(this.level);
  }

  private logLines(event: LinesEvent): void {
    if (this.state === 'closed') return;
    this.addToBatch(formatLines(event, this.currentTimestamp()));
  }

  private addToBatch(text: ByteString): void {
    this.batchTimer ??= setTimeout(() => this.flush(), batchMs);
    this.batch.push(text);
  }

  private flush(): void {
    clearTimeout(this.batchTimer);
    this.batchTimer = undefined;
    if (this.batch.length === 0) return;
    const lines = this.batch;
    this.batch = [];
    this.logger.info(lines.join('\n'));
  }

  /** The time of day for a line; made anew only when a millisecond has passed. */
  private currentTimestamp(): string {
    const nowMs = Date.now();
    if (nowMs !== this.timestampMs) {
      this.timestampMs = nowMs;
      this.timestamp = new Date(nowMs).toISOString();
    }
    return this.timestamp;
  }
}
