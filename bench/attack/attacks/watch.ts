import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Attack } from '../attack.js';
import { fillWith, reports } from '../reports.js';
import type { Target } from '../target.js';

/** Lets so many connections of one address watch all clients, and reads none of them. */
async function watchUnread(target: Target, count: number): Promise<Socket[]> {
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
    sent: '6,500 UNWATCH in 65 KB of a client with 100,000 changes waiting',
    prepare: (target) => fillWith(target, 90_000, 12),
    run: async (target) => {
      const [socket] = await watchUnread(target, 1);
      await target.sendLines(target.portOf('Blake'), reports(90_000, 12, 'client', 1), 60_000);
      socket?.write('UNWATCH x\n'.repeat(6_500));
      socket?.resume();
      await pause(5_000);
      socket?.destroy();
      return { seen: 'others are served meanwhile', failures: [] };
    },
  },
  {
    name: 'watch-unread',
    sent: '1,000 `WATCH *` of one address, unread, while another reports 95,000 clients',
    run: async (target) => {
      const sockets = await watchUnread(target, 1_000);
      const startedMs = performance.now();
      const answers = await target.sendLines(target.portOf('Blake'), reports(95_000, 12), 120_000, '127.0.0.4');
      const seconds = (performance.now() - startedMs) / 1_000;
      const closed = await target.counter('Blake', 'herd_connections_evicted_total');
      for (const socket of sockets) socket.destroy();
      const failures = answers === 95_000 ? [] : [`${answers} of 95,000 honest reports were answered`];
      return { seen: `honest reports took ${seconds.toFixed(0)} s; ${closed} slow watchers were evicted`, failures };
    },
  },
  {
    name: 'watch-places',
    sent: '1,000 `WATCH *` of one address that close their sending side at once, then one from another',
    run: async (target) => {
      const port = target.portOf('Blake');
      const sockets = await Promise.all(Array.from({ length: 1_000 }, () => target.dial(port)));
      for (const socket of sockets) socket.end('WATCH *\n');
      await pause(2_000);
      const answer = await target.firstLine('127.0.0.3', port, 'WATCH *\n');
      for (const socket of sockets) socket.destroy();
      const failures = answer === 'WATCHING *' ? [] : [`the other address got ${answer}`];
      return { seen: 'the other address is served', failures };
    },
  },
];
