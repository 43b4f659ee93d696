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
 * Milliseconds for which lines are batched. An entry and its write cost as much as a hundred lines, and must not delay the
 * replication of a location. A killed process loses this much of its log; warnings and errors are written at once.
 */
const batchMs = 50;

/**
 * Log of one start of one server: files of all events, and files of warnings and errors. It subscribes to the server's bus. Lines of
 * 50 milliseconds pass through winston as one entry.
 */
export class ServerLog {
  private readonly logger: Logger;
  private readonly files: readonly BatchFileTransport[];
  private batch: ByteString[] = [];
  private batchTimer: NodeJS.Timeout | undefined;
  private isClosed = false;
  private level: LogLevel;
  private bus: MessageBus | undefined;
  private unsubscribeLines = (): void => undefined;
  private timestampMs = 0;
  private timestamp = '';

  /**
   * @param folder folder of this server's logs
   * @param onError called once when the log cannot be written; the server continues without
   * @throws the file system's error if the files cannot be created
   */
  constructor(
    folder: string,
    { level, maxFileBytes, maxFiles }: Omit<LogSettings, 'dir'>,
    onError: (error: Error) => void,
  ) {
    this.level = level;
    const startedMs = Date.now();
    const file = (suffix: LogSuffix, minLevel: LogLevel) =>
      new BatchFileTransport(new LogFiles(folder, suffix, maxFiles, startedMs), maxFileBytes, minLevel, onError);
    this.files = [file('.log', 'info'), file('.error.log', 'warn')];
    this.logger = createLogger({
      format: format.printf(({ message }) => String(message)),
      transports: [...this.files],
    });
    this.logger.on('error', onError);
  }

  /** Bytes queued for the disk. */
  get bufferedBytes(): number {
    return this.files.reduce((sum, file) => sum + file.bufferedBytes, 0);
  }

  /** Logs the events of a bus from now on. */
  listen(bus: MessageBus): void {
    for (const [kind, { isLogged }] of Object.entries(eventUses)) {
      if (isLogged) bus.on(kind as HerdEvent['kind'], (event) => this.logEvent(event));
    }
    this.bus = bus;
    this.setLevel(this.level);
  }

  /** Logs events of this level and above from now on. */
  setLevel(level: LogLevel): void {
    this.level = level;
    // Lines are most of the events: unless they are logged, there is no subscription.
    this.unsubscribeLines();
    if (level === 'lines')
      this.unsubscribeLines = this.bus?.on('lines', (event) => this.logLines(event)) ?? this.unsubscribeLines;
  }

  /** Resolves when everything is written, or cannot be. */
  async close(): Promise<void> {
    this.flush();
    this.isClosed = true;
    const written = this.files.map((file) => finished(file));
    this.logger.end();
    await Promise.allSettled(written);
  }

  private logEvent(event: HerdEvent): void {
    const line = formatEvent(event);
    if (line === undefined || this.isClosed || !this.isEnabled(event, line.level)) return;
    const stamped = `${this.currentTimestamp()} ${line.text}`;
    if (line.level === 'info' || line.level === 'lines') return this.addToBatch(stamped);
    this.flush();
    this.logger.log(line.level, stamped);
  }

  /** Whether an event is logged. Admin actions always are, including those that raise the level. */
  private isEnabled({ kind }: HerdEvent, level: LogLevel): boolean {
    return kind === 'admin-action' || logLevels.indexOf(level) >= logLevels.indexOf(this.level);
  }

  private logLines(event: LinesEvent): void {
    if (this.isClosed) return;
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

  /** Returns the current time as text, formatted at most once per millisecond. */
  private currentTimestamp(): string {
    const nowMs = Date.now();
    if (nowMs !== this.timestampMs) {
      this.timestampMs = nowMs;
      this.timestamp = new Date(nowMs).toISOString();
    }
    return this.timestamp;
  }
}
