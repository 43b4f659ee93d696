import { assign, setup } from 'xstate';
import { handshakeTimeoutMs } from '../../protocol/peer/handshake.js';
import { ticker } from '../time/ticker.js';
import { backoffMs, maxLinkBackoffMs } from '../time/backoff.js';
import type { Clock } from '../ports/clock.js';
import type { LinkState } from '../bus/events.js';
import type { LinkTimings } from '../ports/limits.js';
import type { Random } from '../ports/random.js';

export interface PeerLinkInput {
  /** Whether this end dials. The other end waits to be called. */
  readonly isDialer: boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly linkTimings: LinkTimings;
}

export interface PeerLinkContext extends PeerLinkInput {
  /** How many attempts in a row have not led to a live link. */
  readonly failures: number;
  /** How long the present or last backoff lasts, in milliseconds. */
  readonly retryInMs: number;
  /** Why the last wire was lost; empty once that is over. */
  readonly reason: string;
}

export type PeerLinkEvent =
  /** The neighbour has greeted us: over the wire that we dialled, or over one that it dialled. */
  | { type: 'HANDSHAKE_COMPLETED' }
  /** The neighbour, which this end dials, has announced that it is there: no connection of before is alive. */
  | { type: 'ANNOUNCED' }
  /** The neighbour has sent everything that it knew. */
  | { type: 'CAUGHT_UP' }
  /** The wire is gone, or was never there. */
  | { type: 'DISCONNECTED'; reason: string }
  /** A sign of life is due, both ways. */
  | { type: 'HEARTBEAT_DUE' }
  /** A comparison of digests is due. */
  | { type: 'COMPARISON_DUE' }
  /** The server stops. */
  | { type: 'STOP' };

/**
 * The life of the link to one neighbour.
 *
 *           DISCONNECTED, or no hello in time (the end that dials)
 *        ┌────────────────────────────────────────────────┐
 *        ▼                                                │
 *     backoff ──after retryDelay──▶ connecting ───────────┤
 *        │                           ▲      │             │
 *        │  DISCONNECTED (other end) │ HANDSHAKE_COMPLETED│
 *        │                           │      ▼             │
 *        └─HANDSHAKE_COMPLETED─▶ connected [ catchingUp ──CAUGHT_UP──▶ live ]
 *
 * - The end that dials goes through backoff after a loss; the other goes back to `connecting` and waits for a call.
 * - A neighbour that greets us anew is believed, in any state: it would not call if it thought the old wire alive.
 * - ANNOUNCED leads the end that dials from every state to a new call, without the rest of a backoff.
 * - A neighbour is never given up. Backoff grows until a link was live, so one that breaks at once is not hammered.
 * - While connected, HEARTBEAT_DUE and COMPARISON_DUE come at their pace: the one finds a neighbour that is dead, the other what was missed.
 * - STOP leads from every state to `stopped`, which is never left.
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
              actions: [{ type: 'setReason', params: { reason: 'no hello in time' } }, 'disconnect'],
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
            // Between half and one and a half: servers that came up together do not compare in step.
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
