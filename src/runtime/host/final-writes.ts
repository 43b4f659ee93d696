import type { Clock } from '../../actors/ports/clock.js';
import type { PubSub } from '../../actors/ports/pub-sub.js';

/** Time for NATS to receive the last messages of a stopping server, in milliseconds. */
export const finalWritesTimeoutMs = 5_000;

/** Waits until NATS has received the last messages of a stopped server. Returns whether it has in time. */
export async function waitForFinalWrites(pubSub: PubSub, clock: Clock): Promise<boolean> {
  let timer: unknown;
  const timeout = new Promise<boolean>((resolve) => {
    timer = clock.setTimeout(() => resolve(false), finalWritesTimeoutMs);
  });
  const written = await Promise.race([pubSub.flushed().then(() => true), timeout]);
  clock.clearTimeout(timer);
  return written;
}
