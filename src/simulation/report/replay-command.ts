import type { RunResult } from '../run/result.js';

/** What no shell takes for anything but itself. */
const plainWord = /^[\w%+=:,./@-]+$/;

/** The command that plays a run again, as it can be pasted into a shell. */
export function replayCommand({ file, seed, world }: Pick<RunResult, 'file' | 'seed' | 'world'>): string {
  const where = world === 'virtual' ? '' : ` --world ${world}`;
  return `herd simulate ${shellWord(file)} --seed ${seed}${where}`;
}

/** A text as one word of a POSIX shell. */
function shellWord(text: string): string {
  return plainWord.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
