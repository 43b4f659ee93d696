import { expect } from 'chai';
import { defaultTimeoutMs } from '../support/eventually.js';
import { startHerd } from '../support/herd.js';
import { valuesIn } from '../support/nats-bucket.js';
import { describeWithNats, NatsServer } from '../support/nats-server.js';

const maxClients = 50;
const clients = 4 * maxClients;

describeWithNats('a herd of which no server holds every client', function () {
  this.timeout(3 * defaultTimeoutMs);
  let nats: NatsServer;

  beforeEach(async () => {
    nats = await NatsServer.start();
  });

  afterEach(() => nats.stop());

  it('knows them all together, in a bucket that is split, and after a server was killed', async () => {
    const replication = { kind: 'nats', servers: [nats.address], hold: 'touched', shards: 4 };
    const herd = await startHerd({
      mode: 'one command a server',
      servers: ['Blake', 'Bryant'],
      natsServer: nats.address,
      hasHttp: true,
      settings: { replication, limits: { maxClients, lookupTimeoutMs: 5_000 } },
    });
    const names = Array.from({ length: clients }, (_, client) => `phone-${client}`);
    const reports = names.map((name, index) => `IAMAT ${name} +27.5916+086.5640 ${1_700_000_000 + index}\n`);
    const ats = (await herd.sendAll('Blake', reports.join(''))).split('\n').slice(0, -1);
    await herd.waitForAgreement(ats, ['Bryant']);
    await herd.kill('Blake');
    const moved = await herd.report('Bryant', 'phone-7', '1750000000');
    await herd.restart('Blake');
    await herd.waitForAgreement([moved, ...ats.filter((at) => !at.includes(' phone-7 '))]);
    for (const server of herd.servers) {
      const response = await fetch(`http://127.0.0.1:${herd.file.httpPortOf(server)}/api/herd`);
      expect(await response.json()).to.include({ hold: 'touched', locations: maxClients });
    }
    const counts = await Promise.all(
      [0, 1, 2, 3].map((shard) => valuesIn(nats.address, `shard-${shard}-herd-twitter`)),
    );
    for (const { length } of counts) expect(length).to.be.within(clients / 8, clients / 2);
    expect(counts.flat()).to.have.lengthOf(clients);
    await herd.stop();
  });
});
