import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Attack } from '../attack.js';
import { fillStores, reports } from '../reports.js';
import type { Target } from '../target.js';

/** Subscribes `count` connections of one address to all clients, and reads nothing. */
async function subscribeWithoutReading(target: Target, count: number): Promise<Socket[]> {
  const sockets = await Promise.all(Array.from({ length: count }, () => target.dial(target.portOf('Blake'))));
  for (const socket of sockets) {
    socket.pause();
    socket.write('WATCH *\n');
  }
  await pause(1_000);
  return sockets;
}

export const watchAttacks: readonly Attack[] = [
  {
    name: 'unwatch-storm',
    sent: '6,500 UNWATCH in 65 KB from a client with 90,000 pending changes',
    prepare: (target) => fillStores(target, 90_000, 12),
    run: async (target) => {
      const [socket] = await subscribeWithoutReading(target, 1);
      await target.sendLines(target.portOf('Blake'), reports(90_000, 12, 'client', 1), 60_000);
      socket?.write('UNWATCH x\n'.repeat(6_500));
      socket?.resume();
      await pause(5_000);
      socket?.destroy();
      return { observation: 'other clients are served', failures: [] };
    },
  },
  {
    name: 'watch-unread',
    sent: '1,000 `WATCH *` from one address, unread, while another address reports 95,000 clients',
    run: async (target) => {
      const sockets = await subscribeWithoutReading(target, 1_000);
      const startedMs = performance.now();
      const responses = await target.sendLines(target.portOf('Blake'), reports(95_000, 12), 120_000, '127.0.0.4');
      const seconds = (performance.now() - startedMs) / 1_000;
      const closed = await target.readCounter('Blake', 'herd_connections_evicted_total');
      for (const socket of sockets) socket.destroy();
      const failures = responses === 95_000 ? [] : [`${responses} of 95,000 honest reports were answered`];
      return {
        observation: `honest reports took ${seconds.toFixed(0)} s; ${closed} slow subscribers were evicted`,
        failures,
      };
    },
  },
  {
    name: 'watch-places',
    sent: '1,000 `WATCH *` from one address that then half-close the connection, then one from another address',
    run: async (target) => {
      const port = target.portOf('Blake');
      const sockets = await Promise.all(Array.from({ length: 1_000 }, () => target.dial(port)));
      for (const socket of sockets) socket.end('WATCH *\n');
      await pause(2_000);
      const response = await target.requestFirstLine('127.0.0.3', port, 'WATCH *\n');
      for (const socket of sockets) socket.destroy();
      const failures = response === 'WATCHING *' ? [] : [`response to the other address: ${response}`];
      return { observation: 'the other address is served', failures };
    },
  },
];
