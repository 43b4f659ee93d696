import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

import { loadGazetteer } from './gazetteer-file.js';
import type { Gazetteer } from './gazetteer.js';
import type { ServiceThreadData, ServiceThreadMessage } from './service-thread.js';
import { createRequestListener } from './service.js';

const { host, port } = workerData as ServiceThreadData;

function post(message: ServiceThreadMessage): void {
  parentPort?.postMessage(message);
}

let gazetteer: Gazetteer | undefined;
const server = createServer();
server.on(
  'request',
  // Loaded by the first request, since many herds never send one.
  createRequestListener(
    () => (gazetteer ??= loadGazetteer()),
    (error) => post({ kind: 'failure', error }),
  ),
);
server.listen(port, host);
await once(server, 'listening');
post({ kind: 'listening', port: (server.address() as AddressInfo).port });
post({ kind: 'ready' });
