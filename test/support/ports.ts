import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below where systems choose the ports of outgoing connections, so that none of those takes a port between test and use. */
const lowest = 10_000;
const workers = 8;
const count = 2_750;

/** Tests run in several processes at once; each has ports of its own. */
const worker = Number(process.env['MOCHA_WORKER_ID'] ?? 0) % workers;

let next = Math.floor(Math.random() * count);

/** A TCP port of 127.0.0.1 that nobody listens on. No port is handed out twice, so one that was freed stays free. */
export async function freePort(): Promise<number> {
  for (let tried = 0; tried < count; tried += 1) {
    const port = lowest + worker * count + (next % count);
    next += 1;
    if (await isFree(port)) return port;
  }
  throw new Error(`no port from ${lowest + worker * count} to ${lowest + (worker + 1) * count - 1} is free`);
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  try {
    probe.listen({ host: '127.0.0.1', port });
    await once(probe, 'listening');
  } catch {
    return false;
  }
  probe.close();
  await once(probe, 'close');
  return true;
}
