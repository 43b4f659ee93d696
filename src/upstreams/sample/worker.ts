import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

import { loadGazetteer } from './load-gazetteer.js';
import type { ServiceThreadData, ServiceThreadMessage } from './service-thread.js';
import { sampleService } from './service.js';

const { host, port } = workerData as ServiceThreadData;

function tell(message: ServiceThreadMessage): void {
  parentPort?.postMessage(message);
}

const server = createServer();
const listening = once(server, 'listening');
// Only then: whoever starts the service waits for its port, and need not wait for its data.
const gazetteer = listening.then(() => {
  tell({ kind: 'listening', port: (server.address() as AddressInfo).port });
  return loadGazetteer();
});
server.on(
  'request',
  sampleService(gazetteer, (error) => tell({ kind: 'failure', error })),
);
server.listen(port, host);

// Awaited here so that a failure to load ends the thread, and is told and tried again, instead of failing each request.
await gazetteer;
tell({ kind: 'ready' });
