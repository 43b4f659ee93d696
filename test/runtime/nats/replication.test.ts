import { NatsPubSub } from '../../../src/runtime/nats/nats-pub-sub.js';
import { describeWithNats, NatsServer } from '../../support/nats-server.js';
import { natsSettings } from '../../support/nats-settings.js';
import { describeReplication } from './replication-contract.js';

describe('replication by flooding', () => {
  describeReplication(() => Promise.resolve({}));
});

for (const replicas of ['all', 2]) {
  describeWithNats(`replication over NATS, with replicas: ${replicas}`, function () {
    this.timeout(60_000);
    let nats: NatsServer;

    afterEach(() => nats.stop());

    describeReplication(async () => {
      nats = await NatsServer.start();
      const servers = [nats.address];
      return {
        settings: { replication: { kind: 'nats', servers, replicas }, peers: { heartbeatMs: 100 } },
        pubSubOf: (server) => new NatsPubSub(natsSettings(servers, { subjectName: 'test', heartbeatMs: 100 }), server),
      };
    });
  });
}
