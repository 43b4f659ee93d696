import { fromCallback, type EventObject } from 'xstate';
import type { Clock } from '../ports/clock.js';

/** What a ticker sends, and how often. */
export interface TickerInput<Type extends string> {
  readonly clock: Clock;
  readonly type: Type;
  /** Milliseconds until the next event; asked anew each time. */
  readonly everyMs: () => number;
}

/** Sends an event to the machine that invokes it, again and again for as long as the state lasts. */
export const ticker = fromCallback<EventObject, TickerInput<string>>(
  ({ sendBack, input: { clock, type, everyMs } }) => {
    let timer = clock.setTimeout(tick, everyMs());
    function tick(): void {
      timer = clock.setTimeout(tick, everyMs());
      sendBack({ type });
    }
    return () => clock.clearTimeout(timer);
  },
);
