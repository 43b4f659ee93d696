import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

/** A report cannot be written. */
export class ReportError extends Error {
  readonly code = 'HERD_REPORT';

  constructor(folder: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`cannot write the report to ${folder}: ${reason}. Choose a writable folder.`, {
      cause,
    });
  }
}

/** Returns the report folders of scenarios: the folder itself for a single one, otherwise one subfolder each, named by file. */
export function reportFolders(folder: string, files: readonly string[]): string[] {
  if (files.length === 1) return [folder];
  const names = files.map((file) => basename(file).replace(/\.ya?ml$/, ''));
  return names.map((name, index) => {
    const earlier = names.slice(0, index).filter((other) => other === name).length;
    return join(folder, earlier === 0 ? name : `${name}-${earlier + 1}`);
  });
}

/**
 * Creates a folder for a report, with its parents, if it does not exist.
 * @throws ReportError if it cannot be created or is not writable
 */
export function makeReportFolder(folder: string): void {
  try {
    makeFolder(resolve(folder));
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw new ReportError(folder, error);
  }
}

/**
 * Creates one folder after the other: with `recursive`, Node 20 loops forever on file systems without folders, such as /proc.
 */
function makeFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return;
  makeFolder(dirname(path));
  mkdirSync(path);
}
