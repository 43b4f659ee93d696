import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folders = new Set<string>();
process.once('exit', () => folders.forEach(removeFolder));

/** A folder of its own for a herd; it is removed at the latest when this process ends. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'herd-bench-'));
  folders.add(folder);
  return folder;
}

export function removeFolder(folder: string): void {
  folders.delete(folder);
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
