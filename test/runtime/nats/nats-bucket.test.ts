import { NatsBucket } from '../../../src/runtime/nats/nats-bucket.js';
import { itIsABucket } from '../../actors/bucket-contract.js';
import { natsSettings, withBucket } from '../../support/nats-bucket.js';
import { describeWithNats, NatsServer } from '../../support/nats-server.js';

describeWithNats('NatsBucket', function () {
  this.timeout(30_000);

  itIsABucket(async () => {
    const nats = await NatsServer.start();
    return {
      bucket: new NatsBucket(natsSettings([nats.address]), 'test'),
      goDown: () => nats.kill(),
      comeUp: () => nats.start(),
      remake: async () => {
        await withBucket(nats.address, (kv) => kv.destroy());
        await withBucket(nats.address, () => Promise.resolve());
      },
      end: () => nats.stop(),
    };
  });
});
