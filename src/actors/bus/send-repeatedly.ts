import type { Clock } from '../ports/clock.js';
import type { Address, Bus } from './bus.js';

/**
 * Sends a message to an actor at intervals.
 *
 * @param nextIntervalMs returns the milliseconds until the next message; called for each one
 * @returns a function that ends it; an actor ends its timers when it stops
 */
export function sendRepeatedly<Message>(
  { bus, clock }: { readonly bus: Bus; readonly clock: Clock },
  to: Address<Message>,
  message: NoInfer<Message>,
  nextIntervalMs: () => number,
): () => void {
  let timer = clock.setTimeout(fire, nextIntervalMs());
  function fire(): void {
    // First, so that the receiver can end it.
    timer = clock.setTimeout(fire, nextIntervalMs());
    bus.send(to, message);
  }
  return () => clock.clearTimeout(timer);
}
