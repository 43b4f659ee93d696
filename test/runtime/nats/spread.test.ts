import { NatsBucket } from '../../../src/runtime/nats/nats-bucket.js';
import { natsSettings } from '../../support/nats-bucket.js';
import { describeWithNats, NatsServer } from '../../support/nats-server.js';
import { simulatedEngine } from '../../support/simulated-engine.js';
import { itIsASpread } from './spread-contract.js';

describe('Flood, as a spread', () => {
  itIsASpread(() => Promise.resolve({}));
});

describe('NatsSpread, as a spread over a simulated bucket', () => {
  itIsASpread(() => Promise.resolve({ bucketOf: simulatedEngine().bucketOf }));
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
