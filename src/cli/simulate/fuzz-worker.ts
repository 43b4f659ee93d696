import { parentPort } from 'node:worker_threads';
import { runSeed } from '../../simulation/fuzz/run-scenario.js';
import type { FuzzThreadMessage } from './fuzz-thread.js';
import { createVirtualEnvironment } from './virtual-environment.js';

/* Thread that executes random runs: it receives seeds and responds with results. */

parentPort?.on('message', (seed: number) => {
  runSeed(seed, createVirtualEnvironment)
    .then((run): FuzzThreadMessage => ({ kind: 'completed', run }))
    .catch((error: unknown): FuzzThreadMessage => ({
      kind: 'failed',
      text: error instanceof Error ? (error.stack ?? error.message) : String(error),
    }))
    .then((answer) => parentPort?.postMessage(answer))
    .catch(() => process.exit(1));
});
