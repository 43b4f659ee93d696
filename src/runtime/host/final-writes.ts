import type { Clock } from '../../actors/ports/clock.js';
import type { LocationBucket } from '../../actors/ports/location-bucket.js';

/**
 * Time for the bucket to take the last writes of a stopping server, in milliseconds. NATS answers a write within this time or not at
 * all.
 */
export const finalWritesTimeoutMs = 5_000;

/** Waits until a bucket has taken the last writes of a stopped server. Returns whether it has in time. */
export async function waitForFinalWrites(bucket: LocationBucket, clock: Clock): Promise<boolean> {
  let timer: unknown;
  const timeout = new Promise<boolean>((resolve) => {
    timer = clock.setTimeout(() => resolve(false), finalWritesTimeoutMs);
  });
  const written = await Promise.race([bucket.over().then(() => true), timeout]);
  clock.clearTimeout(timer);
  return written;
}
