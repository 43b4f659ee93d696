import type { Address, Bus } from './bus.js';
import type { Clock } from '../ports/clock.js';

/**
 * Sends a message to an actor after at least `delayMs` milliseconds. Actors use it in place of timer callbacks, so that timers are
 * handled in `receive`: one message at a time, and supervised. An error thrown by a timer callback would end the process.
 *
 * @returns a function that cancels the message; an actor cancels its timers when it stops
 */
export function sendLater<Message>(
  { bus, clock }: { readonly bus: Bus; readonly clock: Clock },
  to: Address<Message>,
  message: NoInfer<Message>,
  delayMs: number,
): () => void {
  const timer = clock.setTimeout(() => bus.send(to, message), Math.max(0, delayMs));
  return () => clock.clearTimeout(timer);
}
