import { assign, setup } from 'xstate';
import { backoffMs, maxLinkBackoffMs } from '../../time/backoff.js';
import type { BucketState } from '../../bus/events.js';
import type { Random } from '../../ports/random.js';

/** What the machine makes its actor do. */
export interface BucketActions {
  open(): void;
  hangUp(): void;
  compare(): void;
  takeUp(): void;
  tell(state: BucketState, context: BucketContext): void;
}

export interface BucketInput {
  readonly random: Random;
  readonly actions: BucketActions;
}

export interface BucketContext extends BucketInput {
  /** How many attempts in a row to connect have come to nothing. */
  readonly failures: number;
  /** How long the present or last pause lasts, in milliseconds. */
  readonly retryInMs: number;
  /** Why there is or was a pause; empty once it is over. */
  readonly reason: string;
}

export type BucketLifeEvent =
  /** The connection is up, the bucket is there. */
  | { type: 'OPENED' }
  /** Everything that was in it is known here. */
  | { type: 'LOADED' }
  /** The session is over, or never came about. */
  | { type: 'LOST'; reason: string }
  /** The server stops. */
  | { type: 'STOP' };

/**
 * The life of a server's connection to the bucket.
 *
 *     connecting ──OPENED──▶ loading ──LOADED──▶ up
 *       ▲    │                  │                │
 *       │    └───────LOST───────┴──────LOST──────┘
 *       │             ▼
 *       └─after──── away
 *        retryInMs
 *
 * - The bucket is never given up, whatever the reason: a password may be mended, a nats-server replaced by a newer one.
 * - Nothing is written before everything is loaded: most of it would conflict. Whether the bucket takes it then, each shard knows: it is shown
 *   as live or blocked.
 * - Every time it is loaded, what is held here is compared with it: it may be another bucket, or an older state of this one.
 * - STOP leads from every state to `stopped`, which is never left.
 */
export const bucketMachine = setup({
  types: {
    input: {} as BucketInput,
    context: {} as BucketContext,
    events: {} as BucketLifeEvent,
  },
  actions: {
    open: ({ context }) => context.actions.open(),
    hangUp: ({ context }) => context.actions.hangUp(),
    compare: ({ context }) => context.actions.compare(),
    takeUp: ({ context }) => context.actions.takeUp(),
    tell: ({ context }, { state }: { state: BucketState }) => context.actions.tell(state, context),
    countFailure: assign(({ context }) => {
      const failures = context.failures + 1;
      return { failures, retryInMs: backoffMs(failures, context.random.next(), maxLinkBackoffMs) };
    }),
    forgetFailures: assign({ failures: 0 }),
    noteReason: assign({ reason: (_, params: { reason: string }) => params.reason }),
  },
  delays: {
    /** How long it may take to connect and to find or make the bucket; a cluster elects leaders meanwhile. */
    openWithin: 15_000,
    retryIn: ({ context }) => context.retryInMs,
  },
}).createMachine({
  id: 'bucket',
  context: ({ input }) => ({ ...input, failures: 0, retryInMs: 0, reason: '' }),
  initial: 'connecting',
  on: {
    STOP: { target: '.stopped' },
    LOST: {
      target: '.away',
      actions: { type: 'noteReason', params: ({ event }) => ({ reason: event.reason }) },
    },
  },
  states: {
    connecting: {
      entry: [{ type: 'tell', params: { state: 'connecting' } }, 'open'],
      on: { OPENED: 'loading' },
      after: {
        openWithin: {
          target: 'away',
          actions: { type: 'noteReason', params: { reason: 'no bucket in time' } },
        },
      },
    },
    loading: {
      entry: { type: 'tell', params: { state: 'loading' } },
      on: { LOADED: 'up' },
    },
    up: {
      entry: [
        'forgetFailures',
        { type: 'noteReason', params: { reason: '' } },
        'compare',
        { type: 'tell', params: { state: 'live' } },
        'takeUp',
      ],
    },
    away: {
      entry: ['hangUp', 'countFailure', { type: 'tell', params: { state: 'disconnected' } }],
      on: { LOST: {} },
      after: { retryIn: 'connecting' },
    },
    stopped: {
      entry: ['hangUp', { type: 'tell', params: { state: 'stopped' } }],
      type: 'final',
    },
  },
});
