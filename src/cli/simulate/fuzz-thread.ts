import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { FuzzRun } from '../../simulation/fuzz/run-scenario.js';

/** Room for what a run makes and soon drops, in MiB: more than V8 gives by itself, which then spends a tenth of the time on collecting it. */
const youngGenerationMb = 192;

/** What a thread answers to a seed. */
export type FuzzThreadMessage =
  { readonly kind: 'completed'; readonly run: FuzzRun } | { readonly kind: 'failed'; readonly text: string };

/** A thread that plays random runs, one at a time. */
export class FuzzThread {
  private readonly worker = new Worker(new URL('fuzz-worker.js', import.meta.url), {
    resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMb },
  });

  /** @throws Error if the run could not be played at all, or the thread has died */
  async run(seed: number): Promise<FuzzRun> {
    this.worker.postMessage(seed);
    const [answer] = (await once(this.worker, 'message')) as [FuzzThreadMessage];
    if (answer.kind === 'failed') throw new Error(`the run with seed ${seed} could not be played: ${answer.text}`);
    return answer.run;
  }

  async terminate(): Promise<void> {
    await this.worker.terminate();
  }
}

/** As many threads as runs may go on at once; each run goes to one that is idle. */
export class FuzzThreadPool {
  private readonly idle: FuzzThread[];
  private readonly all: readonly FuzzThread[];

  constructor(readonly count: number) {
    this.all = Array.from({ length: count }, () => new FuzzThread());
    this.idle = [...this.all];
  }

  /** Plays a run; at most `count` at once. */
  async run(seed: number): Promise<FuzzRun> {
    const thread = this.idle.pop();
    if (thread === undefined) throw new Error('every thread plays a run already');
    const run = await thread.run(seed);
    this.idle.push(thread);
    return run;
  }

  async terminate(): Promise<void> {
    await Promise.all(this.all.map((thread) => thread.terminate()));
  }
}
