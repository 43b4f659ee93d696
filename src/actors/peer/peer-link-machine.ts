import { assign, setup } from 'xstate';
import { ticker } from '../time/ticker.js';
import { backoffMs, linkPauseMaxMs } from '../time/backoff.js';
import type { Clock } from '../ports/clock.js';
import type { LinkState } from '../bus/events.js';
import type { LinkPace } from '../ports/limits.js';
import type { Random } from '../ports/random.js';

export interface PeerLinkInput {
  /** Whether this end dials. The other end waits to be called. */
  readonly dials: boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly pace: LinkPace;
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
  | { type: 'GREETED' }
  /** The neighbour, which this end dials, has announced that it is there: no connection of before is alive. */
  | { type: 'ANNOUNCED' }
  /** The neighbour has sent everything that it knew. */
  | { type: 'CAUGHT_UP' }
  /** The wire is gone, or was never there. */
  | { type: 'LOST'; reason: string }
  /** A sign of life is due, both ways. */
  | { type: 'BEAT' }
  /** A comparison of digests is due. */
  | { type: 'REPAIR' }
  /** The server stops. */
  | { type: 'STOP' };

/**
 * The life of the link to one neighbour.
 *
 *              LOST, or no hello in time (the end that dials)
 *        ┌──────────────────────────────────────┐
 *        ▼                                      │
 *     backoff ──after retryInMs──▶ connecting ──┤
 *        │                          ▲   │       │
 *        │     LOST (the other end) │ GREETED   │
 *        │                          │   ▼       │
 *        └────GREETED────▶ connected [ catchingUp ──CAUGHT_UP──▶ live ]
 *
 * - The end that dials goes through backoff after a loss; the other goes back to `connecting` and waits for a call.
 * - A neighbour that greets us anew is believed, in any state: it would not call if it thought the old wire alive.
 * - ANNOUNCED leads the end that dials from every state to a new call, without the rest of a backoff.
 * - A neighbour is never given up. Backoff grows until a link was live, so one that breaks at once is not hammered.
 * - While connected, BEAT and REPAIR come at their pace: the one finds a neighbour that is dead, the other what was missed.
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
    hangUp: () => undefined,
    beat: () => undefined,
    repair: () => undefined,
    beginExchange: () => undefined,
    endExchange: () => undefined,
    tell: (_, _params: { state: LinkState }) => undefined,
    countFailure: assign(({ context }) => {
      const failures = context.failures + 1;
      return { failures, retryInMs: backoffMs(failures, context.random.next(), linkPauseMaxMs) };
    }),
    forgetFailures: assign({ failures: 0 }),
    noteReason: assign({ reason: (_, params: { reason: string }) => params.reason }),
  },
  actors: { ticker },
  guards: { dials: ({ context }) => context.dials },
  delays: {
    /** How long a neighbour may take from being dialled to its hello. */
    helloWithin: 5_000,
    retryIn: ({ context }) => context.retryInMs,
  },
}).createMachine({
  id: 'peerLink',
  context: ({ input }) => ({ ...input, failures: 0, retryInMs: 0, reason: '' }),
  initial: 'connecting',
  on: {
    STOP: { target: '.stopped', actions: 'hangUp' },
    ANNOUNCED: { target: '.connecting', actions: ['hangUp', { type: 'noteReason', params: { reason: '' } }] },
    GREETED: { target: '.connected', reenter: true, actions: { type: 'noteReason', params: { reason: '' } } },
  },
  states: {
    connecting: {
      entry: { type: 'tell', params: { state: 'connecting' } },
      initial: 'choosing',
      states: {
        choosing: { always: [{ guard: 'dials', target: 'dialling' }, { target: 'awaiting' }] },
        dialling: {
          entry: 'dial',
          on: {
            LOST: {
              target: '#peerLink.backoff',
              actions: { type: 'noteReason', params: ({ event }) => ({ reason: event.reason }) },
            },
          },
          after: {
            helloWithin: {
              target: '#peerLink.backoff',
              actions: [{ type: 'noteReason', params: { reason: 'no hello in time' } }, 'hangUp'],
            },
          },
        },
        awaiting: {},
      },
    },
    connected: {
      entry: 'beginExchange',
      exit: 'endExchange',
      invoke: [
        {
          src: 'ticker',
          input: ({ context: { clock, pace } }) => ({ clock, type: 'BEAT', everyMs: () => pace.beatMs }),
        },
        {
          src: 'ticker',
          input: ({ context: { clock, random, pace } }) => ({
            clock,
            type: 'REPAIR',
            // Between half and one and a half: servers that came up together do not compare in step.
            everyMs: () => pace.repairMs * (0.5 + random.next()),
          }),
        },
      ],
      on: {
        BEAT: { actions: 'beat' },
        REPAIR: { actions: 'repair' },
        LOST: [
          {
            guard: 'dials',
            target: 'backoff',
            actions: { type: 'noteReason', params: ({ event }) => ({ reason: event.reason }) },
          },
          {
            target: 'connecting',
            actions: { type: 'noteReason', params: ({ event }) => ({ reason: event.reason }) },
          },
        ],
      },
      initial: 'catchingUp',
      states: {
        catchingUp: {
          entry: { type: 'tell', params: { state: 'catching-up' } },
          on: { CAUGHT_UP: 'live' },
        },
        live: { entry: ['forgetFailures', { type: 'tell', params: { state: 'live' } }] },
      },
    },
    backoff: {
      entry: ['countFailure', { type: 'tell', params: { state: 'backoff' } }],
      after: { retryIn: { target: 'connecting', actions: { type: 'noteReason', params: { reason: '' } } } },
    },
    stopped: {
      entry: { type: 'tell', params: { state: 'stopped' } },
      type: 'final',
    },
  },
});
