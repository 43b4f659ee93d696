import { fromCallback, type EventObject } from 'xstate';
import type { Clock } from '../ports/clock.js';

/** Input of a ticker. */
export interface TickerInput<Type extends string> {
  readonly clock: Clock;
  readonly type: Type;
  /** Returns the milliseconds until the next event; called for each event. */
  readonly nextIntervalMs: () => number;
}

/** Sends an event to the invoking machine repeatedly while the invoking state is active. */
export const ticker = fromCallback<EventObject, TickerInput<string>>(
  ({ sendBack, input: { clock, type, nextIntervalMs } }) => {
    let timer = clock.setTimeout(tick, nextIntervalMs());
    function tick(): void {
      timer = clock.setTimeout(tick, nextIntervalMs());
      sendBack({ type });
    }
    return () => clock.clearTimeout(timer);
  },
);
