import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { damageOf } from '../runtime/store/location-database.js';
import { print } from './output.js';

/** The exit status that says that a folder is damaged. */
const damagedStatus = 3;

/** How a process ends over what it cannot cope with; not how others end it. */
const crashes: readonly (string | null | undefined)[] = ['SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGSEGV', 'SIGTRAP'];

/** `herd inspect`: says how the locations in a folder are damaged, if they are. */
export async function inspect(folder: string): Promise<void> {
  const damage = await damageOf(folder);
  if (damage === undefined) return;
  print(damage);
  process.exitCode = damagedStatus;
}

/**
 * The same in a process of its own: there are damages that LevelDB does not survive, and a server must.
 * @returns how the folder is damaged; undefined if it is not, or is not there
 */
export function inspectApart(folder: string): Promise<string | undefined> {
  if (!existsSync(folder)) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    execFile(process.execPath, [process.argv[1] ?? '', 'inspect', folder], (error, stdout) => {
      if (error?.code === damagedStatus) resolve(stdout.trim());
      else resolve(crashes.includes(error?.signal) ? `reading it ended with ${error?.signal ?? ''}` : undefined);
    });
  });
}
