import type { Address, Bus } from './bus.js';
import type { Clock } from '../ports/clock.js';

/**
 * Sends a message to an actor after at least `delayMs` milliseconds. What an actor does when its time has come is so done in its
 * `receive`: one message at a time, and supervised; whatever a timer's callback throws would end the process.
 *
 * @returns what cancels it; an actor cancels its timers when it stops
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
