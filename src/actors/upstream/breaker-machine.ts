import { assign, setup } from 'xstate';
import type { BreakerState } from '../bus/events.js';
import type { Random } from '../ports/random.js';

/** Failures in a row after which the upstream is left alone: one or two may be chance. */
const maxFailures = 5;

/** The first pause, in milliseconds; it doubles with each probe that fails. */
const basePauseMs = 1_000;
/** The longest pause: how long an upstream that came back may stay unnoticed. */
const maxPauseMs = 30_000;

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

export type BreakerResult =
  /** A request was answered: the upstream is well, though it may not have taken the question. */
  | { type: 'SUCCEEDED' }
  /** A request failed. `retryAfterMs`: when the upstream wants to be asked again, if it has said so. */
  | { type: 'FAILED'; reason: string; retryAfterMs: number | undefined; shouldTripAtOnce: boolean };

/**
 * The circuit breaker (M. Nygard, "Release It!", 2007) between a server and its upstream.
 *
 *                 FAILED: the fifth in a row, or at once
 *       ┌────────┐ ────────────────────────────────────▶ ┌──────┐
 *   ───▶│ closed │                                       │ open │◀────┐
 *       └────────┘ ◀──SUCCEEDED──┐                       └───┬──┘     │
 *                          ┌─────┴─────┐    after pauseMs    │        │
 *                          │ half-open │◀────────────────────┘        │
 *                          └─────┬─────┘                              │
 *                                └───────────────FAILED───────────────┘
 *
 * - In `closed` everything is asked, in `open` nothing, in `half-open` one question at a time: the probe. The actor that owns
 *   the machine sees to that, and tells it in `half-open` only what became of the probe.
 * - It trips at once where the upstream says that it is asked too often, and for as long as it says. Otherwise the pause is a
 *   second at first, twice as long after each failed probe, never above 30 s, and shorter by up to a half by chance: servers that
 *   lost the same upstream do not all come back in step.
 */
export const breakerMachine = setup({
  types: {
    input: {} as { random: Random },
    context: {} as BreakerContext,
    events: {} as BreakerResult,
  },
  actions: {
    // The upstream actor provides this.
    publishState: (_, _params: { state: BreakerState }) => undefined,
    countFailure: assign({ failures: ({ context }) => context.failures + 1 }),
    trip: assign(({ context, event }) => {
      if (event.type !== 'FAILED') return {};
      const trips = context.trips + 1;
      const pauseMs = event.retryAfterMs ?? breakerPauseMs(trips, context.random.next());
      return { trips, pauseMs, failures: 0, reason: event.reason };
    }),
    resetFailures: assign({ failures: 0 }),
    resetTrips: assign({ failures: 0, trips: 0, reason: '' }),
  },
  guards: {
    shouldTrip: ({ context, event }) =>
      event.type === 'FAILED' &&
      (event.shouldTripAtOnce || event.retryAfterMs !== undefined || context.failures + 1 >= maxFailures),
  },
  delays: {
    pause: ({ context }) => context.pauseMs,
  },
}).createMachine({
  id: 'breaker',
  context: ({ input }) => ({ ...input, failures: 0, trips: 0, pauseMs: 0, reason: '' }),
  initial: 'closed',
  states: {
    closed: {
      on: {
        SUCCEEDED: { actions: 'resetFailures' },
        FAILED: [{ guard: 'shouldTrip', target: 'open', actions: 'trip' }, { actions: 'countFailure' }],
      },
    },
    open: {
      entry: { type: 'publishState', params: { state: 'open' } },
      after: { pause: 'half-open' },
    },
    'half-open': {
      entry: { type: 'publishState', params: { state: 'half-open' } },
      on: {
        SUCCEEDED: { target: 'closed', actions: ['resetTrips', { type: 'publishState', params: { state: 'closed' } }] },
        FAILED: { target: 'open', actions: 'trip' },
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
  const ceilingMs = Math.min(maxPauseMs, basePauseMs * 2 ** (trips - 1));
  return Math.round(ceilingMs * (1 - random / 2));
}
