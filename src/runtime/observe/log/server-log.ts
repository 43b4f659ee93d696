import { finished } from 'node:stream/promises';
import { createLogger, format, type Logger } from 'winston';
import type { HerdEvent, LinesEvent } from '../../../actors/bus/events.js';
import type { MessageBus } from '../../bus/message-bus.js';
import { eventUses } from '../event-uses.js';
import { BatchFileTransport } from './batch-file-transport.js';
import { LogFiles, type LogSuffix } from './log-files.js';
import { formatEvent } from './format-event.js';
import { logLevels, type LogLevel, type LogSettings } from './log-settings.js';

/** Levels as winston takes them: the most severe one is 0. */
const winstonLevels = Object.fromEntries(logLevels.toReversed().map((level, severity) => [level, severity]));

/**
 * Log of one start of one server: files of all events, and files of warnings and errors. It subscribes to the server's bus. Events pass
 * through winston; lines of the protocol go directly to the file.
 */
export class ServerLog {
  private readonly logger: Logger;
  private readonly file: BatchFileTransport;
  private readonly files: readonly BatchFileTransport[];
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
    this.file = file('.log', 'lines');
    this.files = [this.file, file('.error.log', 'warn')];
    this.logger = createLogger({
      levels: winstonLevels,
      level: 'lines',
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
    this.isClosed = true;
    const written = this.files.map((file) => finished(file));
    this.logger.end();
    await Promise.allSettled(written);
  }

  private logEvent(event: HerdEvent): void {
    const line = formatEvent(event);
    if (line === undefined || this.isClosed || !this.isEnabled(event, line.level)) return;
    const entry = `${this.currentTimestamp()} ${line.text}`;
    if (line.level === 'lines') this.file.append(entry);
    else this.logger.log(line.level, entry);
  }

  /** Whether an event is logged. Admin actions always are, including those that raise the level. */
  private isEnabled({ kind }: HerdEvent, level: LogLevel): boolean {
    return kind === 'admin-action' || logLevels.indexOf(level) >= logLevels.indexOf(this.level);
  }

  private logLines({ party, remoteAddress, direction, lines }: LinesEvent): void {
    if (this.isClosed) return;
    this.file.appendLines(lines, `${this.currentTimestamp()} ${party} ${remoteAddress} ${direction} `);
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
