import { setTimeout as pause } from 'node:timers/promises';

/** How long a test waits for what must come, in milliseconds: long enough for a machine that is busy with other things. */
export const defaultTimeoutMs = 60_000;

/** Between two looks at a condition: a look may cost the herd some work. */
const pollIntervalMs = 50;

/**
 * Waits until a condition holds, looking again and again.
 *
 * @param what the condition in words, for the message: `Metta knows kiwi`
 * @param condition returns something truthy once it holds; what it throws counts as not yet
 * @returns what the condition returned
 * @throws after the deadline, with the last thing that the condition returned or threw
 */
export async function eventually<Result>(
  what: string,
  condition: () => Result | Promise<Result>,
  withinMs = defaultTimeoutMs,
): Promise<NonNullable<Result>> {
  const deadline = performance.now() + withinMs;
  let last: unknown;
  do {
    try {
      const result = await condition();
      if (result) return result;
      last = result;
    } catch (error) {
      last = error;
    }
    await pause(pollIntervalMs);
  } while (performance.now() < deadline);
  throw new Error(`not within ${withinMs / 1000} s: ${what}; last seen: ${String(last)}`, { cause: last });
}

/**
 * Waits for a promise, but not for ever.
 * @throws after the deadline; `what` may be a function, for words that are known only then
 */
export async function withTimeout<Result>(
  promise: Promise<Result>,
  what: string | (() => string),
  withinMs = defaultTimeoutMs,
): Promise<Result> {
  const stop = new AbortController();
  const late = pause(withinMs, undefined, { signal: stop.signal }).then(() => {
    throw new Error(`not within ${withinMs / 1000} s: ${typeof what === 'string' ? what : what()}`);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    stop.abort();
    late.catch(() => undefined);
  }
}
