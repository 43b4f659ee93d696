import { BucketEngine } from '../../../src/simulation/bucket/bucket-engine.js';
import { SimulatedBucket } from '../../../src/simulation/bucket/simulated-bucket.js';
import { SeededRandom } from '../../../src/simulation/seeded-random.js';
import { SystemClock } from '../../../src/runtime/system-clock.js';
import { itIsABucket } from '../../actors/bucket-contract.js';

describe('SimulatedBucket', () => {
  itIsABucket(() => {
    const engine = new BucketEngine();
    const edges = { engine, clock: new SystemClock(), random: new SeededRandom('1'), onPromise: () => undefined };
    return Promise.resolve({
      bucket: new SimulatedBucket(edges),
      goDown: () => done(() => engine.goDown()),
      comeUp: () => done(() => engine.comeUp()),
      remake: () => done(() => engine.wipe()),
      end: () => done(() => undefined),
    });
  });
});

function done(something: () => void): Promise<void> {
  something();
  return Promise.resolve();
}
