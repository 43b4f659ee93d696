import { expect } from 'chai';
import { startHerd, type Herd } from '../support/herd.js';
import { describeWithNats, NatsServer } from '../support/nats-server.js';

describeWithNats('Two herds of the real command, bridged by NATS', function () {
  this.timeout(60_000);
  let nats: NatsServer;
  let coast: Herd;
  let valley: Herd;

  before(async () => {
    nats = await NatsServer.start();
    const bridge = (...via: string[]) => ({ via, servers: [nats.address], name: 'both-sites' });
    [coast, valley] = await Promise.all([
      startHerd({
        mode: [['Abalone'], ['Barnacle', 'Cormorant']],
        topology: { Abalone: ['Cormorant'], Barnacle: ['Cormorant'] },
        settings: { herd: 'coast', bridge: bridge('Abalone', 'Barnacle') },
      }),
      startHerd({
        mode: 'one process',
        topology: { Walnut: ['Yarrow'], Yarrow: ['Zinnia'] },
        settings: { herd: 'valley', bridge: bridge('Zinnia') },
      }),
    ]);
  });

  after(async () => {
    await Promise.all([coast.stop(), valley.stop()]);
    await nats.stop();
  });

  it('know of each other, and say who is the bridge', async () => {
    await valley.waitForAgreement([await coast.report('Cormorant', 'kiwi')]);
    await coast.waitForAgreement([await valley.report('Walnut', 'emu')]);
    expect(valley.command().stdout)
      .to.match(/Zinnia .* NATS +/)
      .and.not.match(/Walnut .* NATS/);
  });

  it('go on over the other bridge when one is killed, and fill that again when it is back', async () => {
    await coast.kill('Abalone');
    const here = await coast.report('Cormorant', 'moa');
    await valley.waitForAgreement([here]);
    const there = await valley.report('Walnut', 'kea');
    await coast.waitForAgreement([there], ['Barnacle', 'Cormorant']);
    await coast.restart('Abalone');
    await coast.waitForAgreement([here, there]);
  });
});
