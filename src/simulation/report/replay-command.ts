import type { RunResult } from '../run/result.js';

/** A word that needs no quotes in a shell. */
const unquotedWord = /^[\w%+=:,./@-]+$/;

/** Formats the command that repeats a run, for a POSIX shell. */
export function formatReplayCommand({
  file,
  seed,
  environment,
}: Pick<RunResult, 'file' | 'seed' | 'environment'>): string {
  const environmentFlag = environment === 'virtual' ? '' : ` --environment ${environment}`;
  return `herd simulate ${quoteForShell(file)} --seed ${seed}${environmentFlag}`;
}

/** Quotes a text as one word of a POSIX shell. */
function quoteForShell(text: string): string {
  return unquotedWord.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
