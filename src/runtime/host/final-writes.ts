import type { Clock } from '../../actors/ports/clock.js';
import type { LocationBucket } from '../../actors/ports/location-bucket.js';

/**
 * How long a server that stops waits for the bucket to take the last writes, in milliseconds: NATS has answered a write by then, or never will. Whoever
 * stops a server is not kept for longer.
 */
export const finalWritesTimeoutMs = 5_000;

/** Waits until a bucket has taken the last writes of a server that has stopped. Tells whether it has in time. */
export async function waitForFinalWrites(bucket: LocationBucket, clock: Clock): Promise<'written' | 'not in time'> {
  let timer: unknown;
  const timeout = new Promise<'not in time'>((resolve) => {
    timer = clock.setTimeout(() => resolve('not in time'), finalWritesTimeoutMs);
  });
  const written = bucket.over().then(() => 'written' as const);
  const outcome = await Promise.race([written, timeout]);
  clock.clearTimeout(timer);
  return outcome;
}
