import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { pinned } from '../support/cores.js';
import type { LoadOrder, LoadResult } from './order.js';

const program = fileURLToPath(new URL('main.js', import.meta.url));

/** The load generator, a process of its own, on the core of the load. */
export class Generator {
  private readonly child: ChildProcess;
  /** Never resolves; rejects when the process ends. */
  private readonly gone: Promise<never>;

  constructor() {
    const [file, ...args] = pinned('load', [process.execPath, program]);
    // Infinite times are told as well.
    this.child = spawn(file, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], serialization: 'advanced' });
    this.gone = once(this.child, 'exit').then(() => Promise.reject(new Error('the load generator is gone')));
    // Nobody may be waiting when it ends.
    this.gone.catch(() => undefined);
  }

  /** Plays one turn of load, one at a time. @throws if the server cannot be reached */
  async play(order: LoadOrder): Promise<LoadResult> {
    this.child.send(order);
    const [answer] = (await Promise.race([once(this.child, 'message'), this.gone])) as [
      { readonly result: LoadResult } | { readonly error: string },
    ];
    if ('error' in answer) throw new Error(`the load generator failed: ${answer.error}`);
    return answer.result;
  }

  stop(): void {
    if (this.child.connected) this.child.disconnect();
  }
}
