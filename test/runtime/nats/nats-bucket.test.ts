import { NatsBucket } from '../../../src/runtime/nats/nats-bucket.js';
import { shardNames } from '../../../src/runtime/nats/bucket-mapping.js';
import { itIsABucket } from '../../actors/replication/nats/bucket-contract.js';
import { bucketName, natsSettings, withBucket } from '../../support/nats-bucket.js';
import { describeWithNats, NatsServer } from '../../support/nats-server.js';

describeWithNats('NatsBucket', function () {
  this.timeout(30_000);

  itIsABucket(() => begin(undefined));
});

describeWithNats('NatsBucket, split over three streams', function () {
  this.timeout(30_000);

  itIsABucket(() => begin(3));
});

async function begin(shards: number | undefined) {
  const nats = await NatsServer.start();
  const names = shards === undefined ? [bucketName] : [bucketName, ...shardNames(bucketName, shards)];
  return {
    bucket: new NatsBucket(natsSettings([nats.address], { shards }), 'test'),
    goDown: () => nats.kill(),
    comeUp: () => nats.start(),
    remake: async () => {
      for (const name of names) await withBucket(nats.address, (kv) => kv.destroy(), name);
      if (shards === undefined) await withBucket(nats.address, () => Promise.resolve());
    },
    end: () => nats.stop(),
  };
}
