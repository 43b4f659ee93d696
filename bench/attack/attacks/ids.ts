import { setTimeout as pause } from 'node:timers/promises';
import type { Attack } from '../attack.js';
import { collidingIds } from '../colliding-ids.js';
import { clientId, reports } from '../reports.js';
import type { Target } from '../target.js';

function* reportsForIds(ids: Iterable<string>): Generator<string> {
  const time = (Date.now() / 1_000).toFixed(3);
  for (const id of ids) yield `IAMAT ${id} +34.068930-118.445127 ${time}`;
}

/** Runs `work`; returns its duration in milliseconds. */
async function measureMs(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}

/** Reports `count` honest clients to Bryant; returns how many of them Metta has a second later. */
async function countHonestFound(target: Target, count: number): Promise<number> {
  await target.sendLines(target.portOf('Bryant'), reports(count, 20, 'phone'), 30_000);
  await pause(1_000);
  let found = 0;
  for (let index = 0; index < count; index += 1) {
    const { status } = await target.get('Metta', `/api/clients/${clientId('phone', index, 20)}`, '127.0.0.2');
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
      const { count } = await target.readStoreSummary('Blake');
      return {
        observation: 'each is rejected as an invalid line',
        failures: count === 0 ? [] : [`${count} were stored`],
      };
    },
  },
  {
    name: 'long-ids',
    causesEviction: true,
    sent: '150,000 client IDs of 1,000 bytes into stores bounded to 64 MiB each',
    run: async (target) => {
      await target.sendLines(target.portOf('Blake'), reports(150_000, 1_000), 240_000);
      const { count } = await target.readStoreSummary('Blake');
      const found = await countHonestFound(target, 50);
      const failures = found === 50 ? [] : [`${found} of 50 honest clients are found afterwards`];
      return { observation: `${count} are stored; 50 of 50 honest clients are found afterwards`, failures };
    },
  },
  {
    name: 'colliding-ids',
    sent: '150,000 client IDs in one leaf of the hash tree, then 200 lists of one client',
    run: async (target) => {
      await target.sendLines(target.portOf('Blake'), reportsForIds(collidingIds(7, 150_000)), 120_000);
      let failed = 0;
      const ms = await measureMs(async () => {
        for (let index = 0; index < 200; index += 1) {
          const { status } = await target.get('Blake', '/api/clients?limit=1');
          if (status !== 200) failed += 1;
        }
      });
      const failures = failed === 0 ? [] : [`${failed} of 200 lists failed`];
      return { observation: `a list takes ${(ms / 200).toFixed(1)} ms`, failures };
    },
  },
  {
    name: 'colliding-eviction',
    causesEviction: true,
    sent: '103,000 client IDs in one leaf of the hash tree into stores for 100,000 clients',
    settings: () => ({ limits: { maxClients: 100_000 } }),
    run: async (target) => {
      const ids = [...collidingIds(7, 103_000)];
      await target.sendLines(target.portOf('Blake'), reportsForIds(ids.slice(0, 100_000)), 120_000);
      await target.waitForAgreement(60_000);
      const ms = await measureMs(() =>
        target.sendLines(target.portOf('Blake'), reportsForIds(ids.slice(100_000)), 60_000),
      );
      const failures = ms < 3_000 ? [] : [`3,000 evicting reports took ${(ms / 1_000).toFixed(1)} s`];
      return { observation: `3,000 evictions per server took ${(ms / 1_000).toFixed(2)} s`, failures };
    },
  },
  {
    name: 'future-times',
    causesEviction: true,
    sent: '10,000 client IDs with a time 86,000 s ahead into stores for 2,000 clients',
    settings: () => ({ limits: { maxClients: 2_000 } }),
    run: async (target) => {
      await target.sendLines(target.portOf('Blake'), reports(10_000, 12, 'future', 86_000), 60_000);
      await pause(1_000);
      const found = await countHonestFound(target, 500);
      const failures = found === 500 ? [] : [`${found} of 500 honest clients are found afterwards`];
      return { observation: '500 of 500 honest clients are found at another server afterwards', failures };
    },
  },
];
