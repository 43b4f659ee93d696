import { assign, setup } from 'xstate';
import { handshakeTimeoutMs } from '../../protocol/peer/handshake.js';
import { ticker } from '../time/ticker.js';
import { backoffMs, maxLinkBackoffMs } from '../time/backoff.js';
import type { Clock } from '../ports/clock.js';
import type { LinkState } from '../bus/events.js';
import type { LinkTimings } from '../ports/limits.js';
import type { Random } from '../ports/random.js';

export interface PeerLinkInput {
  /** Whether this end dials. The other end waits for a connection. */
  readonly isDialer: boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly linkTimings: LinkTimings;
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
  /** Time to send a heartbeat, and to check for the neighbour's. */
  | { type: 'HEARTBEAT_DUE' }
  /** Time to compare digests. */
  | { type: 'COMPARISON_DUE' }
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
 * - While connected, HEARTBEAT_DUE and COMPARISON_DUE are sent at their intervals: heartbeats detect a dead neighbour, comparisons find
 *   missed locations.
 * - STOP leads from every state to `stopped`, which is final.
 */
export const peerLinkMachine = setup({
  types: {
    input: {} as PeerLinkInput,
    context: {} as PeerLinkContext,
    events: {} as PeerLinkEvent,
  },
  actions: {
    // The peer link actor provides these.
    dial: () => undefined,
    disconnect: () => undefined,
    sendHeartbeat: () => undefined,
    requestComparison: () => undefined,
    beginSession: () => undefined,
    endSession: () => undefined,
    publishState: (_, _params: { state: LinkState }) => undefined,
    countFailure: assign(({ context }) => {
      const failures = context.failures + 1;
      return { failures, retryInMs: backoffMs(failures, context.random.next(), maxLinkBackoffMs) };
    }),
    resetFailures: assign({ failures: 0 }),
    setReason: assign({ reason: (_, params: { reason: string }) => params.reason }),
  },
  actors: { ticker },
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
      invoke: [
        {
          src: 'ticker',
          input: ({ context: { clock, linkTimings } }) => ({
            clock,
            type: 'HEARTBEAT_DUE',
            nextIntervalMs: () => linkTimings.heartbeatMs,
          }),
        },
        {
          src: 'ticker',
          input: ({ context: { clock, random, linkTimings } }) => ({
            clock,
            type: 'COMPARISON_DUE',
            // 0.5 to 1.5 times the interval, so that servers that started together do not compare at the same time.
            nextIntervalMs: () => linkTimings.antiEntropyMs * (0.5 + random.next()),
          }),
        },
      ],
      on: {
        HEARTBEAT_DUE: { actions: 'sendHeartbeat' },
        COMPARISON_DUE: { actions: 'requestComparison' },
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
