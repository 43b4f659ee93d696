import { assign, setup } from 'xstate';
import { backoffMs, maxRestartBackoffMs } from '../../actors/time/backoff.js';
import type { Random } from '../../actors/ports/random.js';

/**
 * Time for a process to exit after SIGTERM, in milliseconds, before it is killed. Longer than draining and the final writes of its
 * server, and shorter than the stop timeout of service managers for the parent (15 s in deploy/).
 */
export const processStopTimeoutMs = 13_000;

export interface ProcessInput {
  readonly random: Random;
}

export interface ProcessContext extends ProcessInput {
  /** Consecutive exits without a healthy run in between; they lengthen the backoff. */
  readonly failures: number;
  readonly delayMs: number;
}

export type ProcessEvent =
  /** The server in the process is listening. */
  { type: 'STARTED' } | { type: 'EXITED' } | { type: 'STOP' };

/**
 * Lifecycle of the process of one server.
 *
 *   starting ──STARTED──▶ running ──EXITED──▶ backoff ──after backoffDelay──▶ starting
 *       │                                        ▲
 *       └────────────────EXITED──────────────────┘
 *
 *   STOP: from starting and running to stopping, and on EXITED to stopped; from backoff to stopped.
 *
 * - A process that exits is restarted indefinitely, with a growing backoff until it has run healthily for a while: the other servers
 *   continue without it, and the cause (such as a port in use) may pass.
 * - A process that does not exit in time is killed.
 */
export const processMachine = setup({
  types: {
    input: {} as ProcessInput,
    context: {} as ProcessContext,
    events: {} as ProcessEvent,
  },
  actions: {
    // Provided by ProcessSupervisor.
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
    /** Uptime after which the restart backoff resets. */
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
