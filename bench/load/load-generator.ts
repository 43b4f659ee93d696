import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { pinnedCommand } from '../support/cores.js';
import type { LoadJob, LoadResult } from './load-job.js';

const program = fileURLToPath(new URL('main.js', import.meta.url));

/** Controls the load generator, a child process on the core for the load. */
export class LoadGenerator {
  private readonly child: ChildProcess;
  /** Never resolves; rejects when the process ends. */
  private readonly exited: Promise<never>;

  constructor() {
    const [file, ...args] = pinnedCommand('load', [process.execPath, program]);
    // JSON has no Infinity, which results may contain.
    this.child = spawn(file, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], serialization: 'advanced' });
    this.exited = once(this.child, 'exit').then(() => Promise.reject(new Error('the load generator exited')));
    // Avoids an unhandled rejection when no run is pending.
    this.exited.catch(() => undefined);
  }

  /** Runs one job; only one at a time. @throws Error if the server cannot be reached */
  async run(job: LoadJob): Promise<LoadResult> {
    this.child.send(job);
    const [response] = (await Promise.race([once(this.child, 'message'), this.exited])) as [
      { readonly result: LoadResult } | { readonly error: string },
    ];
    if ('error' in response) throw new Error(`the load generator failed: ${response.error}`);
    return response.result;
  }

  stop(): void {
    if (this.child.connected) this.child.disconnect();
  }
}
