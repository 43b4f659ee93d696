import { assign, setup } from 'xstate';
import { backoffMs, maxRestartBackoffMs } from '../../actors/time/backoff.js';
import type { Random } from '../../actors/ports/random.js';

/**
 * How long a process may take to end after it was told to, in milliseconds; then it is killed. Longer than its server may take to
 * answer its clients and to have its last writes taken, and shorter than a service manager waits for the parent (15 s in deploy/).
 */
export const processStopTimeoutMs = 13_000;

export interface ProcessInput {
  readonly random: Random;
}

export interface ProcessContext extends ProcessInput {
  /** Ends in a row with no sound run between them: they make the pauses longer. */
  readonly failures: number;
  readonly delayMs: number;
}

export type ProcessEvent =
  /** The server in the process listens. */
  { type: 'STARTED' } | { type: 'EXITED' } | { type: 'STOP' };

/**
 * The life of one server's process under supervision.
 *
 *   starting ──STARTED──▶ running ──EXITED──▶ pausing ──after pause──▶ starting
 *       │                                        ▲
 *       └────────────────EXITED──────────────────┘
 *
 *   STOP: from starting and running to stopping, and on EXITED to stopped; from pausing to stopped.
 *
 * - A server that ends is started again for ever, first soon, then less and less often, until it has run soundly for a while: the
 *   others go on without it, and what keeps it (a port in use, say) may pass.
 * - One that does not end in time when it is told to is killed.
 */
export const processMachine = setup({
  types: {
    input: {} as ProcessInput,
    context: {} as ProcessContext,
    events: {} as ProcessEvent,
  },
  actions: {
    // The supervisor of processes provides these.
    spawn: () => undefined,
    terminate: () => undefined,
    kill: () => undefined,
    countFailure: assign(({ context }) => {
      const failures = context.failures + 1;
      return { failures, delayMs: backoffMs(failures, context.random.next(), maxRestartBackoffMs) };
    }),
    resetFailures: assign({ failures: 0 }),
  },
  delays: {
    backoffDelay: ({ context }) => context.delayMs,
    /** A server that ran this long has earned a quick restart. */
    healthyAfter: 60_000,
    stopTimeout: processStopTimeoutMs,
  },
}).createMachine({
  id: 'process',
  context: ({ input }) => ({ ...input, failures: 0, delayMs: 0 }),
  initial: 'starting',
  states: {
    starting: {
      entry: 'spawn',
      on: {
        STARTED: 'running',
        EXITED: 'backoff',
        STOP: 'stopping',
      },
    },
    running: {
      after: { healthyAfter: { actions: 'resetFailures' } },
      on: {
        EXITED: 'backoff',
        STOP: 'stopping',
      },
    },
    backoff: {
      entry: 'countFailure',
      after: { backoffDelay: 'starting' },
      on: { STOP: 'stopped' },
    },
    stopping: { entry: 'terminate', after: { stopTimeout: { actions: 'kill' } }, on: { EXITED: 'stopped' } },
    stopped: { type: 'final' },
  },
});
