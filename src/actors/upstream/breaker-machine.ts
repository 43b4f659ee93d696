import { assign, setup } from 'xstate';
import type { BreakerState } from '../bus/events.js';
import type { Random } from '../ports/random.js';

/** Consecutive failures after which the breaker opens: one or two may be coincidence. */
const maxFailures = 5;

/** The first pause in milliseconds; it doubles with each failed probe. */
const basePauseMs = 1_000;
/** The maximum pause in milliseconds: an upstream that recovers is noticed within it. */
const maxPauseMs = 30_000;

export interface BreakerInput {
  readonly random: Random;
  /** Called when the breaker has entered a state. */
  readonly onState: (state: BreakerState, context: BreakerContext) => void;
}

export interface BreakerContext extends BreakerInput {
  /** Consecutive failed requests. */
  readonly failures: number;
  /** How often the breaker has opened since it was closed. */
  readonly trips: number;
  /** Duration of the present or last pause in milliseconds. */
  readonly pauseMs: number;
  /** Why the breaker opened; empty after it has closed. */
  readonly reason: string;
}

export type BreakerResult =
  /** A request was answered: the upstream works, even if it rejected the query. */
  | { type: 'SUCCEEDED' }
  /** A request failed. `retryAfterMs`: the upstream's Retry-After delay, if any. */
  | { type: 'FAILED'; reason: string; retryAfterMs: number | undefined; shouldTripAtOnce: boolean };

/**
 * The circuit breaker (M. Nygard, "Release It!", 2007) between a server and its upstream.
 *
 *                 FAILED: five in a row, or rate-limited
 *       ┌────────┐ ────────────────────────────────────▶ ┌──────┐
 *   ───▶│ closed │                                       │ open │◀────┐
 *       └────────┘ ◀──SUCCEEDED──┐                       └───┬──┘     │
 *                          ┌─────┴─────┐    after pauseMs    │        │
 *                          │ half-open │◀────────────────────┘        │
 *                          └─────┬─────┘                              │
 *                                └───────────────FAILED───────────────┘
 *
 * - In `closed` all requests are made, in `open` none, in `half-open` one at a time: the probe. The actor that owns the machine ensures
 *   that, and in `half-open` sends it only the result of the probe.
 * - If the upstream reports a rate limit, the breaker opens at once, for the Retry-After delay. Otherwise the pause is 1 s at first,
 *   doubles after each failed probe up to 30 s, and is shortened at random by up to a half, so that servers that lost the same upstream
 *   do not retry at the same time.
 */
export const breakerMachine = setup({
  types: {
    input: {} as BreakerInput,
    context: {} as BreakerContext,
    events: {} as BreakerResult,
  },
  actions: {
    publishState: ({ context }, { state }: { state: BreakerState }) => context.onState(state, context),
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
 * Returns the pause before the next probe in milliseconds.
 * @param trips how often the breaker has opened since it was closed: 1 or more
 * @param random a number from 0 (inclusive) to 1 (exclusive)
 */
export function breakerPauseMs(trips: number, random: number): number {
  const ceilingMs = Math.min(maxPauseMs, basePauseMs * 2 ** (trips - 1));
  return Math.round(ceilingMs * (1 - random / 2));
}
