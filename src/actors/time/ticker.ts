import { fromCallback, type EventObject } from 'xstate';
import type { Clock } from '../ports/clock.js';

/** What a ticker sends, and how often. */
export interface TickerInput<Type extends string> {
  readonly clock: Clock;
  readonly type: Type;
  /** Milliseconds until the next event; asked anew each time. */
  readonly nextIntervalMs: () => number;
}

/** Sends an event to the machine that invokes it, again and again for as long as the state lasts. */
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
