import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { packageFolder } from '../runtime/host/package-folder.js';

/** The exit status with which `herd inspect` says that a folder is damaged. */
export const damagedExitCode = 3;

/** How a process ends over what it cannot cope with; not how others end it. */
const crashSignals: readonly (string | null)[] = ['SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGSEGV', 'SIGTRAP'];

const command = fileURLToPath(new URL('dist/command/main.js', packageFolder));

/**
 * Looks for damage in a folder of locations, in a process of its own: there are damages that LevelDB does not survive, and a
 * server must.
 * @returns how the folder is damaged; undefined if it is not, or is not there
 */
export async function inspectInSubprocess(folder: string): Promise<string | undefined> {
  if (!existsSync(folder)) return undefined;
  // What Node was told about the program that this is part of is not meant for the command.
  const child = fork(command, ['inspect', folder], { silent: true, execArgv: [] });
  child.stderr?.resume();
  const ended = new Promise<{ status: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.on('error', () => resolve({ status: null, signal: null }));
    child.on('close', (status, signal) => resolve({ status, signal }));
  });
  const output = child.stdout === null ? '' : await text(child.stdout);
  const { status, signal } = await ended;
  if (status === damagedExitCode) return output.trim();
  return crashSignals.includes(signal) ? `reading it ended with ${signal ?? ''}` : undefined;
}
