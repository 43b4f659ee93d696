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
    const bridge = (...by: string[]) => ({ by, servers: [nats.address], bucket: 'both-sites' });
    [coast, valley] = await Promise.all([
      startHerd({
        mode: [['Abalone'], ['Barnacle', 'Cormorant']],
        talks: { Abalone: ['Cormorant'], Barnacle: ['Cormorant'] },
        settings: { herd: 'coast', bridge: bridge('Abalone', 'Barnacle') },
      }),
      startHerd({
        mode: 'one process',
        talks: { Walnut: ['Yarrow'], Yarrow: ['Zinnia'] },
        settings: { herd: 'valley', bridge: bridge('Zinnia') },
      }),
    ]);
  });

  after(async () => {
    await Promise.all([coast.stop(), valley.stop()]);
    await nats.stop();
  });

  it('know of each other, and say who is the bridge', async () => {
    await valley.agrees([await coast.report('Cormorant', 'kiwi')]);
    await coast.agrees([await valley.report('Walnut', 'emu')]);
    expect(valley.command().stdout)
      .to.match(/Zinnia .* NATS +/)
      .and.not.match(/Walnut .* NATS/);
  });

  it('go on over the other bridge when one is killed, and fill that again when it is back', async () => {
    await coast.kill('Abalone');
    const here = await coast.report('Cormorant', 'moa');
    await valley.agrees([here]);
    const there = await valley.report('Walnut', 'kea');
    await coast.agrees([there], ['Barnacle', 'Cormorant']);
    await coast.restart('Abalone');
    await coast.agrees([here, there]);
  });
});
