import { mkdirSync, open, openSync } from 'node:fs';
import { mkdir, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Everybody's positions are in a log: its group may read it, and nobody else. The umask may take away more. */
const folderMode = 0o750;
const fileMode = 0o640;

/** A name that is made here; other files in the folder are somebody else's. */
const namePattern = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z(\.log|\.error\.log)$/;

/** A descriptor: the handle of `fs/promises` would be closed when it is collected as garbage. */
const openFile = promisify(open);

/** What a file's name ends with: it tells the files of a log from those of an error log. */
export type LogSuffix = '.log' | '.error.log';

/**
 * The files of a log, each named by the time (UTC) at which it was begun. The newest is written to; of all, those of earlier
 * starts included, no more than so many are kept.
 */
export class LogFiles {
  private current: string;

  /**
   * @param maxFiles files that are kept, at least 2
   * @param startedMs names the first file
   */
  constructor(
    private readonly folder: string,
    private readonly suffix: LogSuffix,
    private readonly maxFiles: number,
    private startedMs: number,
  ) {
    this.current = this.formatName(startedMs);
  }

  /** The file that is written to. */
  get path(): string {
    return join(this.folder, this.current);
  }

  /**
   * Makes the current file, with its folders, and returns its descriptor.
   * @throws the file system's error, also if the file is there already
   */
  create(): number {
    mkdirSync(this.folder, { recursive: true, mode: folderMode });
    return openSync(this.path, 'ax', fileMode);
  }

  /**
   * Makes the next file, the current one from now on, after the oldest are deleted that would be too many then.
   * @returns its descriptor
   * @throws the file system's error; the current file is the same then
   */
  async rotate(nowMs: number): Promise<number> {
    await this.prune(this.maxFiles - 1);
    // Names are in the order of their files also when the clock is set back, or a millisecond is enough for a file.
    this.startedMs = Math.max(nowMs, this.startedMs + 1);
    const name = this.formatName(this.startedMs);
    await mkdir(this.folder, { recursive: true, mode: folderMode });
    const descriptor = await openFile(join(this.folder, name), 'ax', fileMode);
    this.current = name;
    return descriptor;
  }

  /**
   * Deletes the oldest files until, with the current one, no more than so many are left.
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
