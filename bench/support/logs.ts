import { closeSync, openSync, readdirSync, readSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';

/** Text that Herd writes where its log dropped lines. */
const droppedLinesText = 'lost here: the disk was too slow';

/** What a run has logged. */
export interface LoggedCounts {
  readonly bytes: number;
  /** Number of places where lines were dropped. */
  readonly dropped: number;
}

/** Truncates all logs of a herd, because a run writes gigabytes; returns what they contained. */
export function truncateLogs(folder: string): LoggedCounts {
  let [bytes, dropped] = [0, 0];
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    try {
      const { size } = statSync(path);
      dropped += countOccurrences(path, droppedLinesText);
      truncateSync(path);
      bytes += size;
    } catch (error) {
      // The server may have rotated its log meanwhile, and deleted its oldest file.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return { bytes, dropped };
}

function countOccurrences(path: string, text: string): number {
  const file = openSync(path, 'r');
  const chunk = Buffer.allocUnsafe(4 * 1_024 * 1_024);
  let count = 0;
  let at = 0;
  let read: Buffer;
  do {
    read = chunk.subarray(0, readSync(file, chunk, 0, chunk.length, at));
    for (let found = read.indexOf(text); found >= 0; found = read.indexOf(text, found + text.length)) count += 1;
    // The next chunk overlaps, so that a match across the boundary is found.
    at += read.length - text.length + 1;
  } while (read.length === chunk.length);
  closeSync(file);
  return count;
}
