import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ByteString } from '../../src/protocol/bytes.js';
import type { Herd } from './herd.js';

/** The lines of the log that a server wrote; of the latest start, if there were more. */
export async function readLog(herd: Herd, server: string): Promise<ByteString[]> {
  const folder = join(herd.file.folder, 'logs', server);
  const names = (await readdir(folder)).filter((name) => !name.endsWith('.error.log')).sort();
  return (await readFile(join(folder, names.at(-1) ?? ''), 'latin1')).split('\n').slice(0, -1);
}
