import { expect } from 'chai';
import { valuesIn } from '../../support/nats-bucket.js';
import { describeWithNats, NatsServer } from '../../support/nats-server.js';
import { eventually } from '../../support/eventually.js';
import type { HerdInProcess } from '../../support/herd-in-process.js';
import { natsHerd } from './nats-herd.js';

describeWithNats('a herd on a NATS cluster of three, with three replicas', function () {
  this.timeout(90_000);
  let cluster: NatsServer[];
  let herd: HerdInProcess;

  before(async () => {
    cluster = await NatsServer.startCluster();
    // Whoever starts a cluster and a herd together waits for the first election too.
    herd = natsHerd(cluster, { replicas: 3 });
    await herd.start();
  });

  after(async () => {
    await herd.stop();
    await Promise.all(cluster.map((server) => server.stop()));
  });

  it('loses nothing that was answered when one of the three is killed under load', async () => {
    const ats: string[] = [];
    let load: 'on' | 'off' = 'on';
    const reporters = herd.servers.map(async (server) => {
      const client = await herd.client(server);
      for (let index = 0; load === 'on'; index += 1) {
        ats.push(await client.request(`IAMAT phone-${server}-${index} +34.068930-118.445127 1700000000`));
      }
    });
    await eventually('there is load', () => ats.length > 300);
    const [victim, survivor] = cluster;
    await victim?.kill();
    const atKill = ats.length;
    await eventually('the load goes on', () => ats.length > atKill + 300);
    load = 'off';
    await Promise.all(reporters);
    const address = survivor?.address ?? '';
    await eventually(
      'everything is written',
      async () => {
        const values = new Set(await valuesIn(address));
        const missing = ats.filter((at) => !values.has(`2 ${at}`));
        return missing.length === 0 || Promise.reject(new Error(`${missing.length} of ${ats.length} are missing`));
      },
      60_000,
    );
    for (const at of [ats[0], ats[atKill], ats.at(-1)]) await herd.waitForAgreement(at ?? '');
    expect(ats.length).to.be.above(600);
  });
});
