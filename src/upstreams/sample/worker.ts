import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

import { loadGazetteer } from './gazetteer-file.js';
import type { Gazetteer } from './gazetteer.js';
import type { ServiceThreadData, ServiceThreadMessage } from './service-thread.js';
import { sampleService } from './service.js';

const { host, port } = workerData as ServiceThreadData;

function tell(message: ServiceThreadMessage): void {
  parentPort?.postMessage(message);
}

let gazetteer: Gazetteer | undefined;
const server = createServer();
server.on(
  'request',
  // Loaded by the first request: many herds never ask.
  sampleService(
    () => (gazetteer ??= loadGazetteer()),
    (error) => tell({ kind: 'failure', error }),
  ),
);
server.listen(port, host);
await once(server, 'listening');
tell({ kind: 'listening', port: (server.address() as AddressInfo).port });
tell({ kind: 'ready' });
