import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { baselineCommit, baselineVariable } from './systems/herd-build.js';

/*
 * Builds the earlier commit that benchmarks compare this build with, in a git worktree of its own, outside of this folder.
 *
 *   npm run bench:baseline -- DIR
 *   npm run bench -- --baseline DIR     (or with DIR in the environment variable HERD_BASELINE)
 */

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write('bench:baseline: the folder is missing (npm run bench:baseline -- DIR)\n');
  process.exit(1);
}
run('git', ['worktree', 'add', '--detach', folder, baselineCommit], process.cwd());
// npm ci runs the script `prepare`, which builds.
run('npm', ['ci', '--no-audit', '--no-fund'], folder);
process.stdout.write(`${baselineVariable}=${resolve(folder)}\n`);

/** Runs a command; exits with its code if it fails. */
function run(command: string, args: readonly string[], cwd: string): void {
  const { status } = spawnSync(command, args, { cwd, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
