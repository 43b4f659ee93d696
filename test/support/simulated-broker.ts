import { SystemClock } from '../../src/runtime/time/system-clock.js';
import { BucketEngine } from '../../src/simulation/broker/bucket-engine.js';
import { SimulatedBucket } from '../../src/simulation/broker/simulated-bucket.js';
import { SimulatedNetwork } from '../../src/simulation/network/simulated-network.js';
import { SeededRandom } from '../../src/simulation/time/seeded-random.js';

const nothing = (): void => undefined;

/** Quick, and with some jitter. */
const conditions = {
  delay: { minMs: 0.1, maxMs: 3 },
  loss: 0,
  duplicate: 0,
  bytesPerSecond: Infinity,
  bufferBytes: 1_000_000,
};

/** A simulated engine on this machine's clock, and the bucket as each server reaches it. */
export function createSimulatedBroker(): { engine: BucketEngine; bucketOf: (server: string) => SimulatedBucket } {
  const random = new SeededRandom('1');
  const clock = new SystemClock();
  const engine = new BucketEngine(random.stream('engine'));
  const network = new SimulatedNetwork(clock, random.stream('network'), conditions, nothing);
  const bucketOf = (name: string) => {
    const host = { name, isAlive: true, run: (work: () => void) => work() } as const;
    return new SimulatedBucket({ engine, network, host, clock, beatMs: 50, tell: nothing, onPromise: nothing });
  };
  return { engine, bucketOf };
}
