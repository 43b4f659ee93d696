import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Attack, Finding } from '../attack.js';
import { waitForDrain, type Target } from '../target.js';

const othersServedFinding: Finding = { observation: 'other clients are served', failures: [] };

/** Opens `count` connections to a port, a hundred at a time. */
async function dialMany(target: Target, port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const batch = Array.from({ length: Math.min(100, count - sockets.length) }, () => target.dial(port));
    sockets.push(...(await Promise.all(batch)));
  }
  return sockets;
}

function* randomLines(count: number): Generator<string> {
  for (let index = 0; index < count; index += 1) yield randomBytes(30).toString('latin1').replaceAll('\n', ' ');
}

function* repeatedLines(count: number, line: (index: number) => string): Generator<string> {
  for (let index = 0; index < count; index += 1) yield line(index);
}

/** Sends lines over connections that read nothing, closes them after `durationMs`, and counts the evicted ones. */
async function sendWithoutReading(
  target: Target,
  connections: number,
  lines: string,
  durationMs: number,
): Promise<Finding> {
  const sockets = await dialMany(target, target.portOf('Blake'), connections);
  for (const socket of sockets) {
    socket.pause();
    socket.write(lines, 'latin1');
  }
  await pause(durationMs);
  const evicted = await target.readCounter('Blake', 'herd_connections_evicted_total');
  for (const socket of sockets) socket.destroy();
  return { observation: `${evicted} of ${connections} connections were evicted`, failures: [] };
}

export const lineAttacks: readonly Attack[] = [
  {
    name: 'random-lines',
    sent: '500,000 lines of random bytes',
    run: async (target) => {
      const responses = await target.sendLines(target.portOf('Blake'), randomLines(500_000), 60_000);
      const failures = responses >= 500_000 ? [] : [`${responses} of 500,000 lines were answered`];
      return { observation: 'each line is answered', failures };
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
        if (!socket.write(chunk)) await waitForDrain(socket);
      }
      socket.destroy();
      return othersServedFinding;
    },
  },
  {
    name: 'idle-connections',
    sent: '10,000 idle connections from one address, one byte per second on each',
    settings: () => ({ limits: { maxConnections: 12_000 } }),
    run: async (target) => {
      const sockets = await dialMany(target, target.portOf('Blake'), 10_000);
      for (let second = 0; second < 5; second += 1) {
        for (const socket of sockets) if (socket.writable) socket.write('x');
        await pause(1_000);
      }
      const open = sockets.filter((socket) => !socket.destroyed).length;
      for (const socket of sockets) socket.destroy();
      return { observation: `${open} stayed open`, failures: [] };
    },
  },
  {
    name: 'reset-storm',
    sent: '20,000 connections, each reset immediately',
    settings: () => ({ limits: { maxConnections: 12_000 } }),
    run: async (target) => {
      for (let round = 0; round < 200; round += 1) {
        const sockets = await dialMany(target, target.portOf('Blake'), 100);
        for (const socket of sockets) socket.resetAndDestroy();
      }
      return othersServedFinding;
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
    run: (target) => sendWithoutReading(target, 200, 'WHATSAT known 100 100\n'.repeat(5_000), 15_000),
  },
  {
    name: 'unknown-clients',
    sent: '200 connections, pipelined WHATSAT of unknown clients, for 10 s',
    run: async (target) => {
      const sockets = await dialMany(target, target.portOf('Blake'), 200);
      let responses = 0;
      const lines = [...repeatedLines(2_000, (index) => `WHATSAT unknown-${index} 10 5`)].join('\n');
      for (const socket of sockets) {
        socket.on('data', (chunk: Buffer) => {
          for (const byte of chunk) if (byte === 10) responses += 1;
        });
        socket.write(`${lines}\n`);
      }
      await pause(10_000);
      for (const socket of sockets) socket.destroy();
      return { observation: `${responses} responses`, failures: [] };
    },
  },
];
