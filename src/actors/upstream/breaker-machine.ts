import { assign, setup } from 'xstate';
import type { UpstreamState } from '../bus/events.js';
import type { Random } from '../ports/random.js';

/** Failures in a row after which the upstream is left alone: one or two may be chance. */
const failuresMax = 5;

/** The first pause, in milliseconds; it doubles with each probe that fails. */
const pauseBaseMs = 1_000;
/** The longest pause: how long an upstream that came back may stay unnoticed. */
const pauseMaxMs = 30_000;

export interface BreakerContext {
  readonly random: Random;
  /** Requests in a row that have failed. */
  readonly failures: number;
  /** Times in a row that the breaker has tripped. */
  readonly trips: number;
  /** How long the present or last pause lasts, in milliseconds. */
  readonly pauseMs: number;
  /** Why it tripped; empty once that is over. */
  readonly reason: string;
}

export type BreakerSignal =
  /** A request was answered: the upstream is well, though it may not have taken the question. */
  | { type: 'ANSWERED' }
  /** A request failed. `restMs`: when the upstream wants to be asked again, if it has said so. */
  | { type: 'FAILED'; reason: string; restMs: number | undefined; atOnce: boolean };

/**
 * The circuit breaker (M. Nygard, "Release It!", 2007) between a server and its upstream.
 *
 *                 FAILED: the fifth in a row, or at once
 *       ┌───────────┐ ──────────────────────────────────▶ ┌─────────┐
 *   ───▶│ available │                                     │ tripped │◀─────┐
 *       └───────────┘ ◀──ANSWERED──┐                      └────┬────┘      │
 *                              ┌───┴─────┐    after pauseMs    │           │
 *                              │ probing │◀────────────────────┘           │
 *                              └───┬─────┘                                 │
 *                                  └───────────────FAILED──────────────────┘
 *
 * - In `available` everything is asked, in `tripped` nothing, in `probing` one question at a time: the probe. The actor that owns
 *   the machine sees to that, and tells it in `probing` only what became of the probe.
 * - It trips at once where the upstream says that it is asked too often, and for as long as it says. Otherwise the pause is a
 *   second at first, twice as long after each failed probe, never above 30 s, and shorter by up to a half by chance: servers that
 *   lost the same upstream do not all come back in step.
 */
export const breakerMachine = setup({
  types: {
    input: {} as { random: Random },
    context: {} as BreakerContext,
    events: {} as BreakerSignal,
  },
  actions: {
    // The upstream actor provides this.
    tell: (_, _params: { state: UpstreamState }) => undefined,
    countFailure: assign({ failures: ({ context }) => context.failures + 1 }),
    trip: assign(({ context, event }) => {
      if (event.type !== 'FAILED') return {};
      const trips = context.trips + 1;
      const pauseMs = event.restMs ?? breakerPauseMs(trips, context.random.next());
      return { trips, pauseMs, failures: 0, reason: event.reason };
    }),
    forgetFailures: assign({ failures: 0 }),
    forgetTrips: assign({ failures: 0, trips: 0, reason: '' }),
  },
  guards: {
    isEnough: ({ context, event }) =>
      event.type === 'FAILED' && (event.atOnce || event.restMs !== undefined || context.failures + 1 >= failuresMax),
  },
  delays: {
    pause: ({ context }) => context.pauseMs,
  },
}).createMachine({
  id: 'breaker',
  context: ({ input }) => ({ ...input, failures: 0, trips: 0, pauseMs: 0, reason: '' }),
  initial: 'available',
  states: {
    available: {
      on: {
        ANSWERED: { actions: 'forgetFailures' },
        FAILED: [{ guard: 'isEnough', target: 'tripped', actions: 'trip' }, { actions: 'countFailure' }],
      },
    },
    tripped: {
      entry: { type: 'tell', params: { state: 'tripped' } },
      after: { pause: 'probing' },
    },
    probing: {
      entry: { type: 'tell', params: { state: 'probing' } },
      on: {
        ANSWERED: { target: 'available', actions: ['forgetTrips', { type: 'tell', params: { state: 'available' } }] },
        FAILED: { target: 'tripped', actions: 'trip' },
      },
    },
  },
});

/**
 * How long the upstream is left alone, in milliseconds.
 * @param trips how often in a row the breaker has tripped: 1 or more
 * @param random a number from 0 up to 1
 */
export function breakerPauseMs(trips: number, random: number): number {
  const longestMs = Math.min(pauseMaxMs, pauseBaseMs * 2 ** (trips - 1));
  return Math.round(longestMs * (1 - random / 2));
}
