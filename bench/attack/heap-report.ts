import { renameSync, writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/*
 * Loaded into the attacked process before anything else (`node --import`). On SIGUSR2 it collects garbage, and writes what is
 * left to the file that HEAP_REPORT names, with the process's ID behind it: resident memory says little of what a process still refers to.
 */

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

process.on('SIGUSR2', () => {
  collect();
  collect();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  const file = `${process.env['HEAP_REPORT'] ?? ''}.${process.pid}`;
  writeFileSync(`${file}.part`, JSON.stringify({ heldBytes: heapUsed + external + arrayBuffers }));
  renameSync(`${file}.part`, file);
});
