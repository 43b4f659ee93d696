import { assign, setup } from 'xstate';
import { backoffMs, maxLinkBackoffMs } from '../../time/backoff.js';
import type { Random } from '../../ports/random.js';

/** What the machine makes its shard do. */
export interface ShardActions {
  write(): void;
  tellTrouble(context: ShardContext): void;
  tellRecovery(): void;
}

export interface ShardInput {
  readonly random: Random;
  readonly actions: ShardActions;
}

export interface ShardContext extends ShardInput {
  /** How many attempts in a row to write have come to nothing. */
  readonly failures: number;
  /** How long the present or last pause lasts, in milliseconds. */
  readonly retryInMs: number;
  /** Why there is or was a pause; empty once it is over. */
  readonly reason: string;
}

export type ShardLifeEvent =
  /** The bucket is there, and everything in it is known here. */
  | { type: 'UP' }
  /** The bucket is gone, or the server stops. */
  | { type: 'DOWN' }
  /** The shard did not take what was written. */
  | { type: 'BLOCKED'; reason: string }
  /** It has taken something, or nothing waits for it any more. */
  | { type: 'STORED' };

/**
 * Whether a shard of the bucket takes writes; a bucket that is not split is one shard.
 *
 *     idle ──UP──▶ live ──BLOCKED──▶ blocked ──after retryInMs──▶ trying
 *      ▲            ▲                   ▲                          │  │
 *      │            │                   └─────────BLOCKED──────────┘  │
 *      │            └──────────────────────STORED─────────────────────┘
 *      └─DOWN── from every state
 *
 * - A shard is never given up, and no shard waits for another.
 * - Nothing is written in `idle` and in `blocked`.
 */
export const shardMachine = setup({
  types: {
    input: {} as ShardInput,
    context: {} as ShardContext,
    events: {} as ShardLifeEvent,
    tags: {} as 'writing' | 'troubled',
  },
  actions: {
    write: ({ context }) => context.actions.write(),
    tellTrouble: ({ context }) => context.actions.tellTrouble(context),
    tellRecovery: ({ context }) => context.actions.tellRecovery(),
    noteFailure: assign(({ context }, { reason }: { reason: string }) => {
      const failures = context.failures + 1;
      return { failures, reason, retryInMs: backoffMs(failures, context.random.next(), maxLinkBackoffMs) };
    }),
    forgetFailures: assign({ failures: 0, reason: '' }),
  },
  delays: {
    retryIn: ({ context }) => context.retryInMs,
  },
}).createMachine({
  id: 'shard',
  context: ({ input }) => ({ ...input, failures: 0, retryInMs: 0, reason: '' }),
  initial: 'idle',
  on: {
    DOWN: '.idle',
  },
  states: {
    idle: {
      entry: 'forgetFailures',
      on: { UP: 'live' },
    },
    live: {
      tags: 'writing',
      entry: 'write',
      on: {
        BLOCKED: {
          target: 'blocked',
          actions: { type: 'noteFailure', params: ({ event }) => ({ reason: event.reason }) },
        },
      },
    },
    blocked: {
      tags: 'troubled',
      entry: 'tellTrouble',
      after: { retryIn: 'trying' },
    },
    trying: {
      tags: ['writing', 'troubled'],
      entry: 'write',
      on: {
        STORED: { target: 'live', actions: ['forgetFailures', 'tellRecovery'] },
        BLOCKED: {
          target: 'blocked',
          actions: { type: 'noteFailure', params: ({ event }) => ({ reason: event.reason }) },
        },
      },
    },
  },
});
