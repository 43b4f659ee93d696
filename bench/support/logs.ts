import { closeSync, openSync, readdirSync, readSync, truncateSync } from 'node:fs';
import { join } from 'node:path';

/** Text that Herd writes where its log dropped lines. */
const droppedLinesText = 'lost here: the disk was too slow';

/** Truncates all logs of a herd, because a run writes gigabytes; returns the number of places where lines were dropped. */
export function truncateLogs(folder: string): number {
  let dropped = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    dropped += countOccurrences(path, droppedLinesText);
    truncateSync(path);
  }
  return dropped;
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
