import { assign, setup } from 'xstate';
import { backoffMs, restartPauseMaxMs } from '../actors/backoff.js';
import type { Random } from '../actors/random.js';

export interface ProcessInput {
  readonly random: Random;
}

export interface ProcessContext extends ProcessInput {
  /** Ends in a row with no sound run between them: they make the pauses longer. */
  readonly failures: number;
  readonly pauseMs: number;
  readonly reason: string;
}

export type ProcessEvent =
  /** The server in the process listens. */
  { type: 'STARTED' } | { type: 'EXITED'; reason: string } | { type: 'STOP' };

/**
 * The life of one server's process under supervision.
 *
 *   first ──STARTED──▶ running ──EXITED──▶ pausing ──after pause──▶ again ──STARTED──▶ running
 *     │                                       ▲                       │
 *     │ EXITED                                └────────EXITED─────────┘
 *     ▼
 *   failed
 *
 *   STOP: from first, running, again to stopping, and on EXITED to stopped; from pausing to stopped.
 *
 * - A server that never listened is not tried again: what keeps it (a port in use, a wrong config) needs a person.
 * - One that did is started again for ever, first soon, then less and less often, until it has run soundly for a while: the
 *   others go on without it, and what keeps it may pass.
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
    noteReason: assign({ reason: (_, params: { reason: string }) => params.reason }),
    countFailure: assign(({ context }) => {
      const failures = context.failures + 1;
      return { failures, pauseMs: backoffMs(failures, context.random.next(), restartPauseMaxMs) };
    }),
    forgetFailures: assign({ failures: 0 }),
  },
  delays: {
    pause: ({ context }) => context.pauseMs,
    /** A server that ran this long has earned a quick restart. */
    soundAfter: 60_000,
    /** Longer than a server may take to answer its clients. */
    endWithin: 10_000,
  },
}).createMachine({
  id: 'process',
  context: ({ input }) => ({ ...input, failures: 0, pauseMs: 0, reason: '' }),
  initial: 'first',
  states: {
    first: {
      entry: 'spawn',
      on: {
        STARTED: 'running',
        EXITED: {
          target: 'failed',
          actions: { type: 'noteReason', params: ({ event }) => ({ reason: event.reason }) },
        },
        STOP: 'stopping',
      },
    },
    running: {
      after: { soundAfter: { actions: 'forgetFailures' } },
      on: {
        EXITED: 'pausing',
        STOP: 'stopping',
      },
    },
    pausing: {
      entry: 'countFailure',
      after: { pause: 'again' },
      on: { STOP: 'stopped' },
    },
    again: {
      entry: 'spawn',
      on: {
        STARTED: 'running',
        EXITED: 'pausing',
        STOP: 'stopping',
      },
    },
    stopping: { entry: 'terminate', after: { endWithin: { actions: 'kill' } }, on: { EXITED: 'stopped' } },
    stopped: { type: 'final' },
    failed: { type: 'final' },
  },
});
