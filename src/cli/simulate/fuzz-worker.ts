import { parentPort } from 'node:worker_threads';
import { playSeed } from '../../simulation/fuzz/run-scenario.js';
import type { FuzzAnswer } from './fuzz-thread.js';
import { virtualWorld } from './virtual-world.js';

/*
 * A thread that plays random runs: it is sent a seed, and answers with what came of it.
 */

parentPort?.on('message', (seed: number) => {
  playSeed(seed, virtualWorld)
    .then((run): FuzzAnswer => ({ kind: 'played', run }))
    .catch((error: unknown): FuzzAnswer => ({
      kind: 'failed',
      text: error instanceof Error ? (error.stack ?? error.message) : String(error),
    }))
    .then((answer) => parentPort?.postMessage(answer))
    .catch(() => process.exit(1));
});
