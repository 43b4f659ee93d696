import { assign, setup } from 'xstate';
import { handshakeTimeoutMs } from '../../protocol/peer/handshake.js';
import { backoffMs, maxLinkBackoffMs } from '../time/backoff.js';
import type { LinkState } from '../bus/events.js';
import type { Random } from '../ports/random.js';

/** What the machine makes its link do. */
export interface PeerLinkActions {
  dial(): void;
  disconnect(): void;
  beginSession(): void;
  endSession(cause: PeerLinkEvent['type']): void;
  publishState(state: LinkState, context: PeerLinkContext): void;
}

export interface PeerLinkInput {
  /** Whether this end dials. The other end waits for a connection. */
  readonly isDialer: boolean;
  readonly random: Random;
  readonly actions: PeerLinkActions;
}

export interface PeerLinkContext extends PeerLinkInput {
  /** Consecutive attempts that have not led to a live link. */
  readonly failures: number;
  /** Duration of the present or last backoff in milliseconds. */
  readonly retryInMs: number;
  /** Why the last channel was lost; empty after a reconnect. */
  readonly reason: string;
}

export type PeerLinkEvent =
  /** The handshake is complete, on a channel dialled by either end. */
  | { type: 'HANDSHAKE_COMPLETED' }
  /** The neighbour, which this end dials, has announced that it listens: earlier channels are dead. */
  | { type: 'ANNOUNCED' }
  /** The neighbour has completed its catch-up. */
  | { type: 'CAUGHT_UP' }
  /** The channel closed, or could not be opened. */
  | { type: 'DISCONNECTED'; reason: string }
  /** The server stops. */
  | { type: 'STOP' };

/**
 * Life cycle of the link to one neighbour.
 *
 *           DISCONNECTED, or handshake timeout (the end that dials)
 *        ┌────────────────────────────────────────────────┐
 *        ▼                                                │
 *     backoff ──after retryDelay──▶ connecting ───────────┤
 *        │                           ▲      │             │
 *        │  DISCONNECTED (other end) │ HANDSHAKE_COMPLETED│
 *        │                           │      ▼             │
 *        └─HANDSHAKE_COMPLETED─▶ connected [ catchingUp ──CAUGHT_UP──▶ live ]
 *
 * - The end that dials enters `backoff` after a disconnect; the other returns to `connecting` and waits for a connection.
 * - A new handshake of the neighbour is accepted in any state: it would not connect if it considered the old channel alive.
 * - ANNOUNCED makes the end that dials connect again from any state, without the rest of a backoff.
 * - Attempts never end. The backoff grows until a link was live, so a link that breaks at once is not retried at full speed.
 * - STOP leads from every state to `stopped`, which is final.
 */
export const peerLinkMachine = setup({
  types: {
    input: {} as PeerLinkInput,
    context: {} as PeerLinkContext,
    events: {} as PeerLinkEvent,
  },
  actions: {
    dial: ({ context }) => context.actions.dial(),
    disconnect: ({ context }) => context.actions.disconnect(),
    beginSession: ({ context }) => context.actions.beginSession(),
    endSession: ({ context, event }) => context.actions.endSession(event.type),
    publishState: ({ context }, { state }: { state: LinkState }) => context.actions.publishState(state, context),
    countFailure: assign(({ context }) => {
      const failures = context.failures + 1;
      return { failures, retryInMs: backoffMs(failures, context.random.next(), maxLinkBackoffMs) };
    }),
    resetFailures: assign({ failures: 0 }),
    setReason: assign({ reason: (_, params: { reason: string }) => params.reason }),
  },
  guards: { isDialer: ({ context }) => context.isDialer },
  delays: {
    handshakeTimeout: handshakeTimeoutMs,
    retryDelay: ({ context }) => context.retryInMs,
  },
}).createMachine({
  id: 'peerLink',
  context: ({ input }) => ({ ...input, failures: 0, retryInMs: 0, reason: '' }),
  initial: 'connecting',
  on: {
    STOP: { target: '.stopped', actions: 'disconnect' },
    ANNOUNCED: { target: '.connecting', actions: ['disconnect', { type: 'setReason', params: { reason: '' } }] },
    HANDSHAKE_COMPLETED: {
      target: '.connected',
      reenter: true,
      actions: { type: 'setReason', params: { reason: '' } },
    },
  },
  states: {
    connecting: {
      entry: { type: 'publishState', params: { state: 'connecting' } },
      initial: 'choosing',
      states: {
        choosing: { always: [{ guard: 'isDialer', target: 'dialling' }, { target: 'awaiting' }] },
        dialling: {
          entry: 'dial',
          on: {
            DISCONNECTED: {
              target: '#peerLink.backoff',
              actions: { type: 'setReason', params: ({ event }) => ({ reason: event.reason }) },
            },
          },
          after: {
            handshakeTimeout: {
              target: '#peerLink.backoff',
              actions: [{ type: 'setReason', params: { reason: 'handshake timeout' } }, 'disconnect'],
            },
          },
        },
        awaiting: {},
      },
    },
    connected: {
      entry: 'beginSession',
      exit: 'endSession',
      on: {
        DISCONNECTED: [
          {
            guard: 'isDialer',
            target: 'backoff',
            actions: { type: 'setReason', params: ({ event }) => ({ reason: event.reason }) },
          },
          {
            target: 'connecting',
            actions: { type: 'setReason', params: ({ event }) => ({ reason: event.reason }) },
          },
        ],
      },
      initial: 'catchingUp',
      states: {
        catchingUp: {
          entry: { type: 'publishState', params: { state: 'catching-up' } },
          on: { CAUGHT_UP: 'live' },
        },
        live: { entry: ['resetFailures', { type: 'publishState', params: { state: 'live' } }] },
      },
    },
    backoff: {
      entry: ['countFailure', { type: 'publishState', params: { state: 'backoff' } }],
      after: { retryDelay: { target: 'connecting', actions: { type: 'setReason', params: { reason: '' } } } },
    },
    stopped: {
      entry: { type: 'publishState', params: { state: 'stopped' } },
      type: 'final',
    },
  },
});
