import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { FuzzRun } from '../../simulation/fuzz/run-scenario.js';

/**
 * Size of the young generation in MiB. A run allocates much that is soon garbage; with V8's default it spends a tenth of the
 * time on collecting it.
 */
const youngGenerationMb = 192;

/** Response of a thread to a seed. */
export type FuzzThreadMessage =
  { readonly kind: 'completed'; readonly run: FuzzRun } | { readonly kind: 'failed'; readonly text: string };

/** A thread that executes random runs, one at a time. */
export class FuzzThread {
  private readonly worker = new Worker(new URL('fuzz-worker.js', import.meta.url), {
    resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMb },
  });

  /**
   * Executes the run of a seed.
   * @throws Error if the run could not be executed or the thread has died
   */
  async run(seed: number): Promise<FuzzRun> {
    this.worker.postMessage(seed);
    const [answer] = (await once(this.worker, 'message')) as [FuzzThreadMessage];
    if (answer.kind === 'failed') throw new Error(`the run with seed ${seed} could not be executed: ${answer.text}`);
    return answer.run;
  }

  async terminate(): Promise<void> {
    await this.worker.terminate();
  }
}

/** A fixed number of threads; each run is given to an idle one. */
export class FuzzThreadPool {
  private readonly idle: FuzzThread[];
  private readonly all: readonly FuzzThread[];

  constructor(readonly count: number) {
    this.all = Array.from({ length: count }, () => new FuzzThread());
    this.idle = [...this.all];
  }

  /** Executes a run; at most `count` at once. */
  async run(seed: number): Promise<FuzzRun> {
    const thread = this.idle.pop();
    if (thread === undefined) throw new Error('all threads are busy');
    const run = await thread.run(seed);
    this.idle.push(thread);
    return run;
  }

  async terminate(): Promise<void> {
    await Promise.all(this.all.map((thread) => thread.terminate()));
  }
}
