import { setTimeout as pause } from 'node:timers/promises';

const pollIntervalMs = 20;

/** Polls a condition until it holds. @throws Error with `timeoutMessage` if it does not within `timeoutMs` */
export async function waitUntil(
  condition: () => boolean | Promise<boolean>,
  timeoutMs: number,
  timeoutMessage: string,
): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error(timeoutMessage);
    await pause(pollIntervalMs);
  }
}
