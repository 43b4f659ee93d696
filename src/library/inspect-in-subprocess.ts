import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { packageFolder } from '../runtime/host/package-folder.js';

/** Exit code of `herd inspect` for a damaged folder. */
export const damagedExitCode = 3;

/** Signals of a process that crashes, as opposed to those of a process that is stopped. */
const crashSignals: readonly (string | null)[] = ['SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGSEGV', 'SIGTRAP'];

const command = fileURLToPath(new URL('dist/command/main.js', packageFolder));

/**
 * Checks a store folder for corruption, in a process of its own, since some corruption crashes LevelDB and with it the process.
 * @returns how the folder is damaged; undefined if it is not, or does not exist
 */
export async function inspectInSubprocess(folder: string): Promise<string | undefined> {
  if (!existsSync(folder)) return undefined;
  // Without the Node options of this process, such as --inspect.
  const child = fork(command, ['inspect', folder], { silent: true, execArgv: [] });
  child.stderr?.resume();
  const ended = new Promise<{ status: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.on('error', () => resolve({ status: null, signal: null }));
    child.on('close', (status, signal) => resolve({ status, signal }));
  });
  const output = child.stdout === null ? '' : await text(child.stdout);
  const { status, signal } = await ended;
  if (status === damagedExitCode) return output.trim();
  return crashSignals.includes(signal) ? `reading it crashed with ${signal ?? ''}` : undefined;
}
