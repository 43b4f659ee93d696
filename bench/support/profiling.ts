import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';

/*
 * Loaded into a process (`--import`), this profiles it from its start to its end, and writes the profile into a folder, named
 * after the process. Node's own --cpu-prof cannot be told to the children of a command.
 */

/** The variable that names the folder. */
export const profileFolderVariable = 'HERD_BENCH_PROFILES';

const folder = process.env[profileFolderVariable];
if (isMainThread && folder !== undefined) {
  const session = new Session();
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.start');
  process.once('exit', () => {
    // Without a thread of its own for the inspector, the answer comes before `post` returns.
    session.post('Profiler.stop', (error, { profile }) => {
      if (error === null) writeFileSync(join(folder, `${process.pid}.cpuprofile`), JSON.stringify(profile));
    });
  });
}
