import { setTimeout as pause } from 'node:timers/promises';
import { LineClient } from '../support/line-client.js';
import { Watcher } from './watcher.js';

/** Between two reports, in milliseconds: the one before is known everywhere, and nothing else is under way. */
const everyMs = 5;

/** The first reports find paths that have not been taken for a while. */
const before = 20;

/**
 * Reports again and again at one server, and takes the time from its answer until the last of the others has told who watches there. In
 * milliseconds; 0 where all knew before the answer was read. @throws if a server does not come to know
 */
export async function timesUntilLast(tell: number, watched: readonly number[], count: number): Promise<number[]> {
  const teller = await LineClient.connect(tell);
  const watchers = await Promise.all(watched.map((port) => Watcher.connect(port, 'probe')));
  const timesMs: number[] = [];
  try {
    for (let number = 0; number < before + count; number += 1) {
      await pause(everyMs);
      const time = (Date.now() / 1_000).toFixed(3);
      const answered = teller.ask(`IAMAT probe +34.068930-118.445127 ${time}`).then(() => performance.now());
      const [answeredMs, ...knownMs] = await Promise.all([answered, ...watchers.map((watcher) => watcher.tells(time))]);
      if (number >= before) timesMs.push(Math.max(0, Math.max(...knownMs) - answeredMs));
    }
  } finally {
    for (const each of [teller, ...watchers]) each.close();
  }
  return timesMs;
}
