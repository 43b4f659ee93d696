import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ByteString } from '../../src/protocol/bytes.js';
import type { Herd } from './herd.js';

/** The lines of the log that a server writes; since its latest start, if there were more. */
export async function readLog(herd: Herd, server: string): Promise<ByteString[]> {
  const folder = join(herd.file.folder, 'logs', server);
  const names = (await readdir(folder)).filter((name) => !name.endsWith('.error.log')).sort();
  return (await readFile(join(folder, names.at(-1) ?? ''), 'latin1')).split('\n').slice(0, -1);
}

/**
 * Every location that a server has heard or told since its start, as AT lines. Unlike a WHATSAT this does not make the server
 * ask the herd for what it does not know.
 */
export async function locationsLogged(herd: Herd, server: string): Promise<Set<ByteString>> {
  const ats = (await readLog(herd, server)).flatMap((line) => / AT \S+ [+-]\S+ \S+ \S+ [\d.]+/.exec(line) ?? []);
  return new Set(ats.map((at) => at.slice(1)));
}
