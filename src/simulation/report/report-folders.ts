import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

/** A report cannot be written where it should be. */
export class ReportError extends Error {
  readonly code = 'HERD_REPORT';

  constructor(folder: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`the report cannot be written to ${folder}: ${reason}; name a folder that can be made and written to`, {
      cause,
    });
  }
}

/** Where the reports of scenarios go: that of a single one into the folder itself, those of several into one each, by their files. */
export function reportFolders(folder: string, files: readonly string[]): string[] {
  if (files.length === 1) return [folder];
  const names = files.map((file) => basename(file).replace(/\.ya?ml$/, ''));
  return names.map((name, index) => {
    const earlier = names.slice(0, index).filter((other) => other === name).length;
    return join(folder, earlier === 0 ? name : `${name}-${earlier + 1}`);
  });
}

/**
 * Makes a folder for a report, and those above it, where there are none.
 * @throws ReportError if that cannot be, or nothing may be written there
 */
export function makeReportFolder(folder: string): void {
  try {
    makeFolder(resolve(folder));
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw new ReportError(folder, error);
  }
}

/** One folder after the other: Node 20, asked for all at once, tries for ever where a file system takes none, as /proc. */
function makeFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return;
  makeFolder(dirname(path));
  mkdirSync(path);
}
