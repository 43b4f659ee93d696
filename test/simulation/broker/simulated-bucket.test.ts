import { itIsABucket } from '../../actors/replication/nats/bucket-contract.js';
import { simulatedEngine } from '../../support/simulated-engine.js';

describe('SimulatedBucket', () => {
  itIsABucket(() => {
    const { engine, bucketOf } = simulatedEngine();
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
