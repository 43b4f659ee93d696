import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folders = new Set<string>();
process.once('exit', () => folders.forEach(removeFolder));

/** Creates a temporary folder for a herd; it is removed when this process exits, if not before. */
export function createFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'herd-bench-'));
  folders.add(folder);
  return folder;
}

/** Removes a folder made by `createFolder`. */
export function removeFolder(folder: string): void {
  folders.delete(folder);
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
