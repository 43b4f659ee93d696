import type { RunResult } from '../run/result.js';

/** What no shell takes for anything but itself. */
const unquotedWord = /^[\w%+=:,./@-]+$/;

/** The command that plays a run again, as it can be pasted into a shell. */
export function formatReplayCommand({
  file,
  seed,
  environment,
}: Pick<RunResult, 'file' | 'seed' | 'environment'>): string {
  const environmentFlag = environment === 'virtual' ? '' : ` --environment ${environment}`;
  return `herd simulate ${quoteForShell(file)} --seed ${seed}${environmentFlag}`;
}

/** A text as one word of a POSIX shell. */
function quoteForShell(text: string): string {
  return unquotedWord.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
