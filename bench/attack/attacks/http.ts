import { setTimeout as pause } from 'node:timers/promises';
import type { Attack } from '../attack.js';
import { reports, fillStores } from '../reports.js';
import type { Target } from '../target.js';

const listRequest = 'GET /api/clients?limit=10000 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';

/** Sends pipelined requests over connections that read nothing, for `durationMs`. */
async function requestWithoutReading(
  target: Target,
  connections: number,
  requests: number,
  durationMs: number,
): Promise<void> {
  const sockets = await Promise.all(Array.from({ length: connections }, () => target.dial(target.httpPortOf('Blake'))));
  for (const socket of sockets) {
    socket.pause();
    socket.write(listRequest.repeat(requests));
  }
  await pause(durationMs);
  for (const socket of sockets) socket.destroy();
}

export const httpAttacks: readonly Attack[] = [
  {
    name: 'http-pipeline',
    sent: '600 pipelined lists of 10,000 clients in 35 KB on one HTTP connection, unread, IDs of 1,000 bytes',
    prepare: (target) => fillStores(target, 10_000, 1_000),
    run: async (target) => {
      await requestWithoutReading(target, 1, 600, 10_000);
      return { observation: 'other clients are served', failures: [] };
    },
  },
  {
    name: 'http-slow-readers',
    sent: '250 HTTP connections, one list of 20,000 clients each, unread for 15 s',
    prepare: (target) => fillStores(target, 20_000, 500),
    run: async (target) => {
      await requestWithoutReading(target, 250, 2, 15_000);
      return { observation: 'other clients are served', failures: [] };
    },
  },
  {
    name: 'http-slow-body',
    sent: '50 POST bodies at one byte per second',
    run: async (target) => {
      const startedMs = performance.now();
      const sockets = await Promise.all(Array.from({ length: 50 }, () => target.dial(target.httpPortOf('Blake'))));
      for (const socket of sockets) {
        socket.resume();
        socket.write(
          'POST /api/locations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n',
        );
      }
      while (sockets.some((socket) => !socket.destroyed) && performance.now() - startedMs < 45_000) {
        await pause(1_000);
        for (const socket of sockets) if (socket.writable) socket.write('x');
      }
      const seconds = (performance.now() - startedMs) / 1_000;
      const open = sockets.filter((socket) => !socket.destroyed).length;
      for (const socket of sockets) socket.destroy();
      const failures = open === 0 ? [] : [`${open} of 50 requests were still open after ${seconds.toFixed(0)} s`];
      return { observation: `all closed after ${seconds.toFixed(0)} s`, failures };
    },
  },
  {
    name: 'event-stream-places',
    sent: '1,200 event streams from one address, then one from another',
    run: async (target) => {
      const port = target.httpPortOf('Blake');
      const sockets = await Promise.all(Array.from({ length: 1_200 }, () => target.dial(port)));
      for (const socket of sockets) {
        socket.resume();
        socket.write('GET /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
      }
      await pause(3_000);
      const status = await target.requestFirstLine(
        '127.0.0.3',
        port,
        'GET /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n',
      );
      for (const socket of sockets) socket.destroy();
      const failures = status.includes(' 200 ') ? [] : [`response to the other address: ${status}`];
      return { observation: 'the other address is served', failures };
    },
  },
  {
    name: 'http-at-client-port',
    sent: '50 POST requests with IAMAT lines as bodies to `port`, as a web page can make a browser send',
    run: async (target) => {
      const body = [...reports(20, 12, 'page')].join('\n');
      const post = `POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}\n`;
      for (let round = 0; round < 50; round += 1) await target.sendLines(target.portOf('Blake'), [post], 2_000);
      const { count } = await target.readStoreSummary('Blake');
      return {
        observation: 'no line of a body is accepted',
        failures: count === 0 ? [] : [`${count} reports were accepted`],
      };
    },
  },
];
