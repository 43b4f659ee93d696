import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Attack, Finding } from '../attack.js';
import { drained, type Target } from '../target.js';

const othersServed: Finding = { seen: 'others are served meanwhile', failures: [] };

/** So many connections to a port, made a hundred at a time. */
async function dialMany(target: Target, port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const some = Array.from({ length: Math.min(100, count - sockets.length) }, () => target.dial(port));
    sockets.push(...(await Promise.all(some)));
  }
  return sockets;
}

function* randomLines(count: number): Generator<string> {
  for (let index = 0; index < count; index += 1) yield randomBytes(30).toString('latin1').replaceAll('\n', ' ');
}

function* repeated(count: number, line: (index: number) => string): Generator<string> {
  for (let index = 0; index < count; index += 1) yield line(index);
}

/** Sends lines over connections that read nothing, for some seconds, then lets go. */
async function sendUnread(target: Target, connections: number, lines: string, forMs: number): Promise<Finding> {
  const sockets = await dialMany(target, target.portOf('Blake'), connections);
  for (const socket of sockets) {
    socket.pause();
    socket.write(lines, 'latin1');
  }
  await pause(forMs);
  const evicted = await target.counter('Blake', 'herd_connections_evicted_total');
  for (const socket of sockets) socket.destroy();
  return { seen: `${evicted} of ${connections} connections were evicted`, failures: [] };
}

export const lineAttacks: readonly Attack[] = [
  {
    name: 'random-lines',
    sent: '500,000 lines of random bytes',
    run: async (target) => {
      const answers = await target.sendLines(target.portOf('Blake'), randomLines(500_000), 60_000);
      const failures = answers >= 500_000 ? [] : [`${answers} of 500,000 lines were answered`];
      return { seen: 'each line is answered', failures };
    },
  },
  {
    name: 'endless-line',
    sent: '100 MB without a line end',
    run: async (target) => {
      const socket = await target.dial(target.portOf('Blake'));
      socket.resume();
      const chunk = Buffer.alloc(1_048_576, 'x');
      for (let index = 0; index < 100 && socket.writable; index += 1) {
        if (!socket.write(chunk)) await drained(socket);
      }
      socket.destroy();
      return othersServed;
    },
  },
  {
    name: 'idle-connections',
    sent: '10,000 idle connections of one address, a byte a second on each',
    settings: () => ({ limits: { connectionsMax: 12_000 } }),
    run: async (target) => {
      const sockets = await dialMany(target, target.portOf('Blake'), 10_000);
      for (let second = 0; second < 5; second += 1) {
        for (const socket of sockets) if (socket.writable) socket.write('x');
        await pause(1_000);
      }
      const open = sockets.filter((socket) => !socket.destroyed).length;
      for (const socket of sockets) socket.destroy();
      return { seen: `${open} were served`, failures: [] };
    },
  },
  {
    name: 'reset-storm',
    sent: '20,000 connections, each reset at once',
    settings: () => ({ limits: { connectionsMax: 12_000 } }),
    run: async (target) => {
      for (let round = 0; round < 200; round += 1) {
        const sockets = await dialMany(target, target.portOf('Blake'), 100);
        for (const socket of sockets) socket.resetAndDestroy();
      }
      return othersServed;
    },
  },
  {
    name: 'whatsat-unread',
    sent: '200 connections, 5,000 pipelined WHATSAT of 100 posts each, unread for 15 s',
    prepare: async (target) => {
      await target.sendLines(
        target.portOf('Blake'),
        [`IAMAT known +34.068930-118.445127 ${Date.now() / 1_000}`],
        5_000,
      );
    },
    run: (target) => sendUnread(target, 200, 'WHATSAT known 100 100\n'.repeat(5_000), 15_000),
  },
  {
    name: 'unknown-clients',
    sent: '200 connections, pipelined WHATSAT of clients nobody knows, for 10 s',
    run: async (target) => {
      const sockets = await dialMany(target, target.portOf('Blake'), 200);
      let answers = 0;
      const lines = [...repeated(2_000, (index) => `WHATSAT nobody-${index} 10 5`)].join('\n');
      for (const socket of sockets) {
        socket.on('data', (chunk: Buffer) => {
          for (const byte of chunk) if (byte === 10) answers += 1;
        });
        socket.write(`${lines}\n`);
      }
      await pause(10_000);
      for (const socket of sockets) socket.destroy();
      return { seen: `${answers} answered`, failures: [] };
    },
  },
];
