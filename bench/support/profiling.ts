import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';

/*
 * Preloaded into a process (`--import`), profiles it from start to exit and writes the profile to a folder, named by process ID.
 * Node's --cpu-prof is not allowed in NODE_OPTIONS, so child processes would not inherit it.
 */

/** Name of the environment variable with the folder. */
export const profileFolderVariable = 'HERD_BENCH_PROFILES';

const folder = process.env[profileFolderVariable];
if (isMainThread && folder !== undefined) {
  const session = new Session();
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.start');
  process.once('exit', () => {
    // With a session in the same thread, the callback runs before `post` returns.
    session.post('Profiler.stop', (error, { profile }) => {
      if (error === null) writeFileSync(join(folder, `${process.pid}.cpuprofile`), JSON.stringify(profile));
    });
  });
}
