import { mkdirSync, open, openSync } from 'node:fs';
import { mkdir, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Modes of folders and files, less the umask. A log contains positions, so only owner and group may read it. */
const folderMode = 0o750;
const fileMode = 0o640;

/** Names of log files. Other files in the folder are not touched. */
const namePattern = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z(\.log|\.error\.log)$/;

/** Opens a file as a descriptor: a handle of `fs/promises` would be closed when it is garbage-collected. */
const openFile = promisify(open);

/** End of a file's name, which distinguishes the log from the error log. */
export type LogSuffix = '.log' | '.error.log';

/**
 * Files of a log, each named by the time (UTC) at which it was begun. Entries go to the newest; a maximum number of files is kept,
 * those of earlier starts included.
 */
export class LogFiles {
  private current: string;

  /**
   * @param maxFiles files to keep, at least 2
   * @param startedMs time after which the first file is named
   */
  constructor(
    private readonly folder: string,
    private readonly suffix: LogSuffix,
    private readonly maxFiles: number,
    private startedMs: number,
  ) {
    this.current = this.formatName(startedMs);
  }

  /** Path of the current file. */
  get path(): string {
    return join(this.folder, this.current);
  }

  /**
   * Creates the current file, with its folders, and returns its descriptor.
   * @throws the file system's error, also if the file exists
   */
  create(): number {
    mkdirSync(this.folder, { recursive: true, mode: folderMode });
    return openSync(this.path, 'ax', fileMode);
  }

  /**
   * Deletes surplus files, and creates the next file, which becomes the current one.
   * @returns its descriptor
   * @throws the file system's error; the current file remains the same then
   */
  async rotate(nowMs: number): Promise<number> {
    await this.prune(this.maxFiles - 1);
    // Names must ascend, also if the clock is set back, or a file was filled within a millisecond.
    this.startedMs = Math.max(nowMs, this.startedMs + 1);
    const name = this.formatName(this.startedMs);
    await mkdir(this.folder, { recursive: true, mode: folderMode });
    const descriptor = await openFile(join(this.folder, name), 'ax', fileMode);
    this.current = name;
    return descriptor;
  }

  /**
   * Deletes the oldest files, so that at most `maxFiles` are left, the current one included.
   * @throws the file system's error
   */
  async prune(maxFiles = this.maxFiles): Promise<void> {
    const entries = await readdir(this.folder, { withFileTypes: true }).catch(ignoreMissing);
    const others = (entries ?? [])
      .filter((entry) => entry.isFile() && this.belongsToLog(entry.name) && entry.name !== this.current)
      .map(({ name }) => name)
      .sort();
    const surplus = others.slice(0, Math.max(0, others.length + 1 - maxFiles));
    for (const name of surplus) await unlink(join(this.folder, name)).catch(ignoreMissing);
  }

  private formatName(timeMs: number): string {
    return `${new Date(timeMs).toISOString().replaceAll(':', '-')}${this.suffix}`;
  }

  private belongsToLog(name: string): boolean {
    const match = namePattern.exec(name);
    return match !== null && match[1] === this.suffix;
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
