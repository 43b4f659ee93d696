import { renameSync, writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/*
 * Preloaded into a process (`node --import`). On SIGUSR2 it runs a garbage collection and writes the bytes still held, and the
 * resident memory, to the file named by HEAP_REPORT with the process ID as its extension.
 */

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

process.on('SIGUSR2', () => {
  collect();
  collect();
  const { heapUsed, external, rss } = process.memoryUsage();
  const file = `${process.env['HEAP_REPORT'] ?? ''}.${process.pid}`;
  writeFileSync(`${file}.part`, JSON.stringify({ heldBytes: heapUsed + external, residentBytes: rss }));
  renameSync(`${file}.part`, file);
});
