import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below where systems choose the ports of outgoing connections, so that none of those takes a port between test and use. */
const minPort = 10_000;
const workerCount = 8;
const portsPerWorker = 2_750;

/** Tests run in several processes at once; each has ports of its own. */
const workerIndex = Number(process.env['MOCHA_WORKER_ID'] ?? 0) % workerCount;

let nextOffset = Math.floor(Math.random() * portsPerWorker);

/** A TCP port of 127.0.0.1 that nobody listens on. No port is handed out twice, so one that was freed stays free. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < portsPerWorker; attempt += 1) {
    const port = minPort + workerIndex * portsPerWorker + (nextOffset % portsPerWorker);
    nextOffset += 1;
    if (await isFree(port)) return port;
  }
  throw new Error(
    `no port from ${minPort + workerIndex * portsPerWorker} to ${minPort + (workerIndex + 1) * portsPerWorker - 1} is free`,
  );
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
