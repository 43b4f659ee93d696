import { itIsABucket } from '../../actors/replication/nats/bucket-contract.js';
import { createSimulatedBroker } from '../../support/simulated-broker.js';

describe('SimulatedBucket', () => {
  itIsABucket(() => {
    const { engine, bucketOf } = createSimulatedBroker();
    return Promise.resolve({
      bucket: bucketOf('Blake'),
      goDown: () => done(() => engine.become('down')),
      comeUp: () => done(() => engine.become('up')),
      remake: () => done(() => engine.wipe()),
      end: () => done(() => undefined),
    });
  });
});

function done(something: () => void): Promise<void> {
  something();
  return Promise.resolve();
}
