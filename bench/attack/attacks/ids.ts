import { setTimeout as pause } from 'node:timers/promises';
import type { Attack } from '../attack.js';
import { collidingIds } from '../colliding-ids.js';
import { idOf, reports } from '../reports.js';
import type { Target } from '../target.js';

function* reportsOf(ids: Iterable<string>): Generator<string> {
  const time = (Date.now() / 1_000).toFixed(3);
  for (const id of ids) yield `IAMAT ${id} +34.068930-118.445127 ${time}`;
}

/** Milliseconds that some work takes. */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}

/** Of so many honest clients that report now, those that a server knows a moment later. */
async function honestFound(target: Target, count: number): Promise<number> {
  await target.sendLines(target.portOf('Bryant'), reports(count, 20, 'phone'), 30_000);
  await pause(1_000);
  let found = 0;
  for (let index = 0; index < count; index += 1) {
    const { status } = await target.get('Metta', `/api/clients/${idOf('phone', index, 20)}`, '127.0.0.2');
    if (status === 200) found += 1;
  }
  return found;
}

export const idAttacks: readonly Attack[] = [
  {
    name: 'too-long-ids',
    sent: '20,000 client IDs of 4,000 bytes',
    run: async (target) => {
      await target.sendLines(target.portOf('Blake'), reports(20_000, 4_000), 60_000);
      const { count } = await target.holding('Blake');
      return { seen: 'each is an invalid line', failures: count === 0 ? [] : [`${count} were stored`] };
    },
  },
  {
    name: 'long-ids',
    evicts: true,
    sent: '150,000 client IDs of 1,000 bytes into stores bounded to 64 MiB each',
    run: async (target) => {
      await target.sendLines(target.portOf('Blake'), reports(150_000, 1_000), 240_000);
      const { count } = await target.holding('Blake');
      const found = await honestFound(target, 50);
      const failures = found === 50 ? [] : [`${found} of 50 honest clients are known afterwards`];
      return { seen: `${count} are kept; 50 of 50 honest clients are known afterwards`, failures };
    },
  },
  {
    name: 'colliding-ids',
    sent: '150,000 client IDs of one slot of the digest, then lists of one client, 200 times',
    run: async (target) => {
      await target.sendLines(target.portOf('Blake'), reportsOf(collidingIds(7, 150_000)), 120_000);
      let refused = 0;
      const ms = await timed(async () => {
        for (let index = 0; index < 200; index += 1) {
          const { status } = await target.get('Blake', '/api/clients?limit=1');
          if (status !== 200) refused += 1;
        }
      });
      const failures = refused === 0 ? [] : [`${refused} of 200 lists were refused`];
      return { seen: `a list takes ${(ms / 200).toFixed(1)} ms`, failures };
    },
  },
  {
    name: 'colliding-eviction',
    evicts: true,
    sent: '103,000 client IDs of one slot into stores for 100,000 clients',
    settings: () => ({ limits: { clientsMax: 100_000 } }),
    run: async (target) => {
      const ids = [...collidingIds(7, 103_000)];
      await target.sendLines(target.portOf('Blake'), reportsOf(ids.slice(0, 100_000)), 120_000);
      await target.agrees(60_000);
      const ms = await timed(() => target.sendLines(target.portOf('Blake'), reportsOf(ids.slice(100_000)), 60_000));
      const failures = ms < 3_000 ? [] : [`the 3,000 that evict took ${(ms / 1_000).toFixed(1)} s`];
      return { seen: `3,000 evictions at each server took ${(ms / 1_000).toFixed(2)} s`, failures };
    },
  },
  {
    name: 'future-times',
    evicts: true,
    sent: '10,000 client IDs with a time 86,000 s ahead into stores for 2,000 clients',
    settings: () => ({ limits: { clientsMax: 2_000 } }),
    run: async (target) => {
      await target.sendLines(target.portOf('Blake'), reports(10_000, 12, 'future', 86_000), 60_000);
      await pause(1_000);
      const found = await honestFound(target, 500);
      const failures = found === 500 ? [] : [`${found} of 500 honest clients are known afterwards`];
      return { seen: '500 of 500 honest clients are known at another server afterwards', failures };
    },
  },
];
