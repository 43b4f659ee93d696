import { expect } from 'chai';
import type { LocationBucket } from '../../../src/actors/ports/location-bucket.js';
import type { ServerId } from '../../../src/protocol/place/ids.js';
import { NatsBucket } from '../../../src/runtime/nats/nats-bucket.js';
import { eventually } from '../../support/eventually.js';
import { natsSettings, valuesIn } from '../../support/nats-bucket.js';
import { describeWithNats, NatsServer } from '../../support/nats-server.js';
import { HerdInProcess } from '../../support/herd-in-process.js';
import { told } from './nats-herd.js';

describeWithNats('Two herds that flood, bridged by NATS', function () {
  this.timeout(60_000);
  let nats: NatsServer;
  let coast: HerdInProcess;
  let valley: HerdInProcess;
  /** Locations that were written to the bucket, and those that were passed on over links, each time that they were. */
  let written: string[];
  let forwarded: string[];

  beforeEach(async () => {
    nats = await NatsServer.start();
    written = [];
    forwarded = [];
  });

  afterEach(async () => {
    await Promise.all([coast.stop(), valley.stop()]);
    await nats.stop();
  });

  const bucketOf = (server: ServerId) => counted(new NatsBucket(natsSettings([nats.address]), server));

  /** The same bucket, with its writes noted. */
  function counted(bucket: LocationBucket): LocationBucket {
    return {
      keyOf: (client) => bucket.keyOf(client),
      over: () => bucket.over(),
      open: (listener, extent) => {
        const session = bucket.open(listener, extent);
        const put = session.put.bind(session);
        session.put = (key, value, revision) => {
          written.push(value);
          return put(key, value, revision);
        };
        return session;
      },
    };
  }

  async function begin(coastTalks: readonly string[], valleyTalks: readonly string[], bridges: readonly string[]) {
    const herdOf = (links: readonly string[]) => {
      const bridgedBy = bridges.filter((server) => links.some((edge) => edge.split('-').includes(server)));
      return new HerdInProcess({ links, bridgedBy, bucketOf, hasHttp: true });
    };
    coast = herdOf(coastTalks);
    valley = herdOf(valleyTalks);
    await Promise.all([coast.start(), valley.start()]);
    for (const herd of [coast, valley]) for (const server of herd.servers) noteLines(herd, server);
  }

  function noteLines(herd: HerdInProcess, server: string): void {
    herd.bus(server).on('lines', ({ direction, party, lines }) => {
      if (direction === 'out' && party === 'peer')
        forwarded.push(...[...lines].filter((line) => line.startsWith('AT ')));
    });
  }

  /** Two lines of servers: the two in front of the one and the one in front of the other reach the bucket. */
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
    expect(await valuesIn(nats.address)).to.include(`2 ${newest}`);
  });

  it('are quiet when all is known: no location goes over a link or to the bucket more often than need be', async () => {
    await beginLines();
    const phones = Array.from({ length: 20 }, (_, index) => `phone-${index}`);
    const ats = await Promise.all(
      phones.map((phone, index) =>
        index % 2 === 0
          ? coast.report('Cormorant', phone, 1_700_000_000)
          : valley.report('Zinnia', phone, 1_700_000_000),
      ),
    );
    for (const at of ats) await bothAgree(at);
    // What these bring about comes behind whatever the others have.
    const behind = async (client: string) => {
      await bothAgree(await coast.report('Cormorant', client, 1_700_000_000));
      await bothAgree(await valley.report('Zinnia', client, 1_700_000_001));
    };
    await behind('emu');
    const count = () => [written, forwarded].map((lines) => lines.filter((line) => line.includes(' phone-')).length);
    const [writes = 0, lines = 0] = count();
    await behind('moa');
    expect(count()).to.deep.equal([writes, lines]);
    // Three servers reach the bucket; each of four links passes a location on once in each direction at most.
    expect(writes).to.be.within(phones.length, phones.length * 3);
    expect(lines).to.be.within(phones.length * 4, phones.length * 8);
  });

  it('go on by themselves without NATS, say so, and agree when it is back', async () => {
    await beginLines();
    await nats.kill();
    await eventually('Abalone says so', async () =>
      (await told(coast, 'Abalone', '/healthz')).includes('bucket is disconnected'),
    );
    const here = await coast.report('Cormorant', 'kiwi', 1_700_000_000);
    const there = await valley.report('Zinnia', 'emu', 1_700_000_000);
    const contested = await coast.report('Cormorant', 'moa', 1_700_000_001);
    await valley.report('Zinnia', 'moa', 1_700_000_000);
    await coast.waitForAgreement(here);
    await coast.waitForAgreement(contested);
    await valley.waitForAgreement(there);
    expect(await told(coast, 'Cormorant', '/healthz'), 'it has no bucket').to.equal('200 ok\n');
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

  it('is not ready before both its links and the bucket are, at a server that has both', async () => {
    await beginLines();
    await coast.stopServer('Abalone');
    await nats.kill();
    await coast.startServer('Abalone');
    await eventually('it has caught up', async () =>
      /^503 not ready: [^,]*bucket/.test(await told(coast, 'Abalone', '/readyz')),
    );
    await nats.start();
    await eventually('it is ready', async () => (await told(coast, 'Abalone', '/readyz')) === '200 ready\n');
  });

  it('agree as well where servers of both have the same names', async () => {
    await begin(['Blake-Metta'], ['Blake-Metta'], ['Blake']);
    const one = await coast.report('Metta', 'kiwi', 1_700_000_000);
    await bothAgree(one);
    const other = await valley.report('Metta', 'kiwi', 1_700_000_001);
    await bothAgree(other);
    const [here, there] = await Promise.all([
      coast.report('Blake', 'emu', 1_700_000_000),
      valley.report('Blake', 'emu', 1_700_000_000),
    ]);
    // The same moment at the same place, by servers of the same name: whichever of the skews is greater.
    await bothAgree([here, there].sort().at(-1) ?? '');
  });
});
