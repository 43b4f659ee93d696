import { assign, setup } from 'xstate';
import { backoffMs, maxLinkBackoffMs } from '../../time/backoff.js';
import type { NatsState } from '../../bus/events.js';
import type { Random } from '../../ports/random.js';

/** What the machine makes its actor do. */
export interface NatsMachineActions {
  open(): void;
  close(): void;
  publishState(state: NatsState, context: NatsMachineContext): void;
}

export interface NatsMachineInput {
  readonly random: Random;
  readonly actions: NatsMachineActions;
}

export interface NatsMachineContext extends NatsMachineInput {
  /** Consecutive attempts that have not led to a connection. */
  readonly failures: number;
  /** Duration of the present or last backoff in milliseconds. */
  readonly retryInMs: number;
  /** Why the last session was lost; empty after a reconnect. */
  readonly reason: string;
}

export type NatsMachineEvent =
  | { type: 'OPENED' }
  /** All partitions that are assigned to the server are complete. */
  | { type: 'COMPLETE' }
  | { type: 'CLOSED'; reason: string }
  /** The server stops. */
  | { type: 'STOP' };

/**
 * Life cycle of a server's connection to NATS.
 *
 *     connecting ──OPENED──▶ connected [ joining ──COMPLETE──▶ live ]
 *       ▲    │                  │
 *       │    └──────CLOSED──────┤
 *       │                       ▼
 *       └──after retryDelay── backoff
 *
 * - Attempts never end, whatever the reason: credentials may be corrected, a nats-server replaced.
 * - STOP leads from every state to `stopped`, which is final.
 */
export const natsMachine = setup({
  types: {
    input: {} as NatsMachineInput,
    context: {} as NatsMachineContext,
    events: {} as NatsMachineEvent,
  },
  actions: {
    open: ({ context }) => context.actions.open(),
    close: ({ context }) => context.actions.close(),
    publishState: ({ context }, { state }: { state: NatsState }) => context.actions.publishState(state, context),
    countFailure: assign(({ context }) => {
      const failures = context.failures + 1;
      return { failures, retryInMs: backoffMs(failures, context.random.next(), maxLinkBackoffMs) };
    }),
    resetFailures: assign({ failures: 0 }),
    setReason: assign({ reason: (_, params: { reason: string }) => params.reason }),
  },
  delays: {
    /** Longer than an attempt at each of several nats-servers. */
    openTimeout: 15_000,
    retryDelay: ({ context }) => context.retryInMs,
  },
}).createMachine({
  id: 'nats',
  context: ({ input }) => ({ ...input, failures: 0, retryInMs: 0, reason: '' }),
  initial: 'connecting',
  on: {
    STOP: { target: '.stopped' },
    CLOSED: { target: '.backoff', actions: { type: 'setReason', params: ({ event }) => ({ reason: event.reason }) } },
  },
  states: {
    connecting: {
      entry: [{ type: 'publishState', params: { state: 'connecting' } }, 'open'],
      on: { OPENED: 'connected' },
      after: {
        openTimeout: { target: 'backoff', actions: { type: 'setReason', params: { reason: 'connection timeout' } } },
      },
    },
    connected: {
      entry: ['resetFailures', { type: 'setReason', params: { reason: '' } }],
      initial: 'joining',
      states: {
        joining: {
          entry: { type: 'publishState', params: { state: 'joining' } },
          on: { COMPLETE: 'live' },
        },
        live: { entry: { type: 'publishState', params: { state: 'live' } } },
      },
    },
    backoff: {
      entry: ['close', 'countFailure', { type: 'publishState', params: { state: 'backoff' } }],
      on: { CLOSED: {} },
      after: { retryDelay: 'connecting' },
    },
    stopped: {
      entry: ['close', { type: 'publishState', params: { state: 'stopped' } }],
      type: 'final',
    },
  },
});
