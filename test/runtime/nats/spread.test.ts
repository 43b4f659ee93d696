import { NatsBucket } from '../../../src/runtime/nats/nats-bucket.js';
import { natsSettings } from '../../support/nats-bucket.js';
import { describeWithNats, NatsServer } from '../../support/nats-server.js';
import { createSimulatedBroker } from '../../support/simulated-broker.js';
import { describeReplication } from './replication-contract.js';

describe('Flood, as a spread', () => {
  describeReplication(() => Promise.resolve({}));
});

describe('NatsSpread, as a spread over a simulated bucket', () => {
  describeReplication(() => Promise.resolve({ bucketOf: createSimulatedBroker().bucketOf }));
});

describeWithNats('NatsSpread, as a spread over NATS', function () {
  this.timeout(30_000);
  let nats: NatsServer;

  afterEach(() => nats.stop());

  describeReplication(async () => {
    nats = await NatsServer.start();
    return { bucketOf: (server) => new NatsBucket(natsSettings([nats.address]), server) };
  });
});
