import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

import type { ServiceThreadData } from '../../src/upstreams/sample/service-thread.js';

/** A service that does what it is asked: `/throw` and `/exit` end its thread, anything else is answered. */
const { host, port } = workerData as ServiceThreadData;
const server = createServer(({ url }, response) => {
  if (url === '/throw') throw new Error('thrown on demand');
  if (url === '/exit') process.exit(3);
  if (url === '/tell') parentPort?.postMessage({ kind: 'failure', error: new TypeError('told on demand') });
  response.end('alive');
});
server.listen(port, host, () => {
  parentPort?.postMessage({ kind: 'listening', port: (server.address() as AddressInfo).port });
  parentPort?.postMessage({ kind: 'ready' });
});
