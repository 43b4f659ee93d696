import { finished } from 'node:stream/promises';
import { createLogger, format, type Logger } from 'winston';
import type { HerdEvent, LinesEvent } from '../../../actors/bus/events.js';
import type { ByteString } from '../../../protocol/text/bytes.js';
import type { MessageBus } from '../../bus/message-bus.js';
import { BatchFile } from './batch-file.js';
import { LogFiles, type LogSuffix } from './log-files.js';
import { logLineOf, logTextOf } from './log-line.js';
import { logLevels, type LogLevel, type LogSettings } from './log-settings.js';

/**
 * Milliseconds that lines wait for those that follow. An entry, and the thread that brings it to the disk, cost what a hundred
 * lines do, and a location that is on its way through the herd must not wait for either, not even where it comes alone. What a
 * kill loses of the log is this much. What went wrong is written at once.
 */
const gatherMs = 50;

/**
 * Which kinds of event the log listens to one by one. Lines have a listener of their own; what the others tell is counted, or stands
 * in the lines.
 */
const isListenedTo: Readonly<Record<HerdEvent['kind'], boolean>> = {
  lines: false,
  link: true,
  'neighbour-clock': true,
  clock: true,
  conflated: false,
  watchers: false,
  'watch-conflated': false,
  'client-connected': true,
  'client-disconnected': true,
  'client-refused': true,
  'client-evicted': false,
  'http-asked': true,
  'http-answered': true,
  server: true,
  'locations-learned': false,
  'locations-remembered': true,
  'location-forgotten': false,
  'location-fetched': false,
  'dead-letter': true,
  'actor-failed': true,
  'peer-refused': true,
  'upstream-failed': true,
  'upstream-request': false,
  'upstream-question': false,
  upstream: true,
  'upstream-budget': true,
  administration: true,
  bucket: true,
  'bucket-warning': true,
  warning: true,
};

/**
 * The log of one start of one server: files of everything, and files of what went wrong. It listens to the server's bus.
 * The lines of 50 milliseconds go through winston as one entry.
 */
export class ServerLog {
  private readonly logger: Logger;
  private readonly files: readonly BatchFile[];
  private gathered: ByteString[] = [];
  private gatherTimer: NodeJS.Timeout | undefined;
  private state: 'open' | 'closed' = 'open';
  private level: LogLevel;
  private bus: MessageBus | undefined;
  private unlistenLines = (): void => undefined;
  private stampMs = 0;
  private stamp = '';

  /**
   * @param folder where this server's logs are
   * @param onTrouble hears once when the log cannot be written; the server goes on without
   * @throws the file system's error if the files cannot be made
   */
  constructor(
    folder: string,
    { level, maxFileBytes, maxFiles }: Omit<LogSettings, 'dir'>,
    onTrouble: (error: Error) => void,
  ) {
    this.level = level;
    const startedMs = Date.now();
    const file = (suffix: LogSuffix, least: LogLevel) =>
      new BatchFile(new LogFiles(folder, suffix, maxFiles, startedMs), maxFileBytes, least, onTrouble);
    this.files = [file('.log', 'info'), file('.error.log', 'warn')];
    this.logger = createLogger({
      format: format.printf(({ message }) => String(message)),
      transports: [...this.files],
    });
    this.logger.on('error', onTrouble);
  }

  /** Bytes that wait for the disk. */
  get waitingBytes(): number {
    return this.files.reduce((sum, file) => sum + file.bytesWaiting, 0);
  }

  /** Writes down what happens on a bus from now on. */
  listen(bus: MessageBus): void {
    for (const [kind, isHeard] of Object.entries(isListenedTo)) {
      if (isHeard) bus.on(kind as HerdEvent['kind'], (event) => this.note(event));
    }
    this.bus = bus;
    this.tell(this.level);
  }

  /** Tells of what is of this level or above from now on. */
  tell(level: LogLevel): void {
    this.level = level;
    // Lines are most of what happens: where they are not told of, nobody listens.
    this.unlistenLines();
    if (level === 'lines')
      this.unlistenLines = this.bus?.on('lines', (event) => this.noteLines(event)) ?? this.unlistenLines;
  }

  /** Resolves when everything is on disk, or cannot be brought there. */
  async close(): Promise<void> {
    this.flush();
    this.state = 'closed';
    const written = this.files.map((file) => finished(file));
    this.logger.end();
    await Promise.allSettled(written);
  }

  private note(event: HerdEvent): void {
    const line = logLineOf(event);
    if (line === undefined || this.state === 'closed' || !this.tells(event, line.level)) return;
    const stamped = `${this.now()} ${line.text}`;
    if (line.level === 'info' || line.level === 'lines') return this.gather(stamped);
    this.flush();
    this.logger.log(line.level, stamped);
  }

  /** Who has the log tell less cannot do so unseen. */
  private tells({ kind }: HerdEvent, level: LogLevel): boolean {
    return kind === 'administration' || logLevels.indexOf(level) >= logLevels.indexOf(this.level);
  }

  private noteLines(event: LinesEvent): void {
    if (this.state === 'closed') return;
    this.gather(logTextOf(event, this.now()));
  }

  private gather(text: ByteString): void {
    this.gatherTimer ??= setTimeout(() => this.flush(), gatherMs);
    this.gathered.push(text);
  }

  private flush(): void {
    clearTimeout(this.gatherTimer);
    this.gatherTimer = undefined;
    if (this.gathered.length === 0) return;
    const lines = this.gathered;
    this.gathered = [];
    this.logger.info(lines.join('\n'));
  }

  /** The time of day for a line; made anew only when a millisecond has passed. */
  private now(): string {
    const nowMs = Date.now();
    if (nowMs !== this.stampMs) {
      this.stampMs = nowMs;
      this.stamp = new Date(nowMs).toISOString();
    }
    return this.stamp;
  }
}
