import { expect } from 'chai';
import { NatsPubSub } from '../../../src/runtime/nats/nats-pub-sub.js';
import type { ServerId } from '../../../src/protocol/place/ids.js';
import { eventually } from '../../support/eventually.js';
import { HerdInProcess } from '../../support/herd-in-process.js';
import { describeWithNats, NatsServer } from '../../support/nats-server.js';
import { natsSettings } from '../../support/nats-settings.js';

describeWithNats('Two herds that flood, bridged by NATS', function () {
  this.timeout(60_000);
  let nats: NatsServer;
  let coast: HerdInProcess;
  let valley: HerdInProcess;

  beforeEach(async () => {
    nats = await NatsServer.start();
  });

  afterEach(async () => {
    await Promise.all([coast.stop(), valley.stop()]);
    await nats.stop();
  });

  const pubSubOf = (server: ServerId) =>
    new NatsPubSub(natsSettings([nats.address], { subjectName: 'bridge:sites', heartbeatMs: 100 }), server);

  async function begin(coastTalks: readonly string[], valleyTalks: readonly string[], bridges: readonly string[]) {
    const herdOf = (links: readonly string[]) => {
      const bridgedBy = bridges.filter((server) => links.some((edge) => edge.split('-').includes(server)));
      const settings = { peers: { heartbeatMs: 100 } };
      return new HerdInProcess({ links, bridgedBy, pubSubOf, hasHttp: true, settings });
    };
    coast = herdOf(coastTalks);
    valley = herdOf(valleyTalks);
    await Promise.all([coast.start(), valley.start()]);
  }

  /** Two lines of servers: the first two of the one and the first of the other connect to NATS. */
  const beginLines = () =>
    begin(
      ['Abalone-Barnacle', 'Barnacle-Cormorant'],
      ['Walnut-Yarrow', 'Yarrow-Zinnia'],
      ['Abalone', 'Barnacle', 'Walnut'],
    );

  /** Waits until the servers of both herds answer with the AT line. */
  const bothAgree = (at: string) => Promise.all([coast.waitForAgreement(at), valley.waitForAgreement(at)]);

  it('know at the far edge of each what was reported at the edge of the other, as its first server wrote it', async () => {
    await beginLines();
    for (const [herd, edge] of [
      [coast, 'Cormorant'],
      [valley, 'Zinnia'],
    ] as const) {
      const at = await herd.report(edge, `client-of-${edge}`, 1_700_000_000);
      expect(at.split(' ')[1]).to.equal(edge);
      await bothAgree(at);
    }
  });

  it('let nothing that is late replace what is newer, on whichever side it comes', async () => {
    await beginLines();
    const newest = await coast.report('Cormorant', 'kiwi', 1_700_000_000);
    await bothAgree(newest);
    await valley.report('Zinnia', 'kiwi', 1_600_000_000);
    await coast.report('Abalone', 'kiwi', 1_600_000_001);
    await bothAgree(await valley.report('Zinnia', 'emu', 1_700_000_000));
    await bothAgree(newest);
  });

  it('go on by themselves without NATS, say so, and agree when it is back', async () => {
    await beginLines();
    await nats.kill();
    await eventually('Abalone says so', async () => /nats/i.test(await told(coast, 'Abalone', '/healthz')));
    const here = await coast.report('Cormorant', 'kiwi', 1_700_000_000);
    const there = await valley.report('Zinnia', 'emu', 1_700_000_000);
    const contested = await coast.report('Cormorant', 'moa', 1_700_000_001);
    await valley.report('Zinnia', 'moa', 1_700_000_000);
    await coast.waitForAgreement(here);
    await coast.waitForAgreement(contested);
    await valley.waitForAgreement(there);
    expect(await told(coast, 'Cormorant', '/healthz'), 'it does not use NATS').to.equal('200 ok\n');
    await nats.start();
    for (const at of [here, there, contested]) await bothAgree(at);
    await eventually('Abalone is well', async () => (await told(coast, 'Abalone', '/healthz')) === '200 ok\n');
  });

  it('go on by the other bridge when one is gone, and when both were gone agree when one is back', async () => {
    await beginLines();
    await coast.stopServer('Abalone');
    const one = await coast.report('Cormorant', 'kiwi', 1_700_000_000);
    await Promise.all([coast.waitForAgreement(one, ['Barnacle', 'Cormorant']), valley.waitForAgreement(one)]);
    await coast.stopServer('Barnacle');
    const alone = await coast.report('Cormorant', 'emu', 1_700_000_000);
    const meanwhile = await valley.report('Zinnia', 'moa', 1_700_000_000);
    await Promise.all([coast.startServer('Abalone'), coast.startServer('Barnacle')]);
    for (const at of [one, alone, meanwhile]) await bothAgree(at);
  });

  it('is not ready before both its links and NATS are live, at a server that has both', async () => {
    await beginLines();
    await coast.stopServer('Abalone');
    await nats.kill();
    await coast.startServer('Abalone');
    await eventually('it has caught up', async () =>
      /^503 not ready: [^,]*nats/i.test(await told(coast, 'Abalone', '/readyz')),
    );
    await nats.start();
    await eventually('it is ready', async () => (await told(coast, 'Abalone', '/readyz')) === '200 ready\n');
  });
});

/** What a server answers over HTTP: its status and its text. */
async function told(herd: HerdInProcess, server: string, path: string): Promise<string> {
  const response = await fetch(herd.url(server, path));
  return `${response.status} ${await response.text()}`;
}
