import { SystemClock } from '../../src/runtime/system-clock.js';
import { NatsBucket } from '../../src/runtime/nats/nats-bucket.js';
import { BucketEngine } from '../../src/simulation/bucket/bucket-engine.js';
import { SimulatedBucket } from '../../src/simulation/bucket/simulated-bucket.js';
import { SeededRandom } from '../../src/simulation/seeded-random.js';
import { natsSettings } from '../support/nats-bucket.js';
import { describeWithNats, NatsServer } from '../support/nats-server.js';
import { itIsASpread } from './spread-contract.js';

describe('Flood, as a spread', () => {
  itIsASpread(() => Promise.resolve({}));
});

describe('NatsSpread, as a spread over a simulated bucket', () => {
  itIsASpread(() => {
    const engine = new BucketEngine();
    const clock = new SystemClock();
    const onPromise = () => undefined;
    const bucketOf = (server: string) =>
      new SimulatedBucket({ engine, clock, random: new SeededRandom(server), onPromise });
    return Promise.resolve({ bucketOf });
  });
});

describeWithNats('NatsSpread, as a spread over NATS', function () {
  this.timeout(30_000);
  let nats: NatsServer;

  afterEach(() => nats.stop());

  itIsASpread(async () => {
    nats = await NatsServer.start();
    return { bucketOf: (server) => new NatsBucket(natsSettings([nats.address]), server) };
  });
});
