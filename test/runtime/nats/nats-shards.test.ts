import { expect } from 'chai';
import type { BucketSession } from '../../../src/actors/ports/location-bucket.js';
import { asClientId } from '../../../src/protocol/place/ids.js';
import { bucketKeyOf } from '../../../src/runtime/nats/bucket-key.js';
import { mappingKey, shardNames, shardOf } from '../../../src/runtime/nats/bucket-mapping.js';
import { NatsBucket } from '../../../src/runtime/nats/nats-bucket.js';
import type { NatsSettings } from '../../../src/runtime/nats/nats-settings.js';
import { collectEvents } from '../../support/fake-bus.js';
import { bucketName, natsSettings, setFull, valuesIn, withBucket } from '../../support/nats-bucket.js';
import { describeWithNats, NatsServer } from '../../support/nats-server.js';
import { eventually, withTimeout } from '../../support/eventually.js';
import type { HerdInProcess } from '../../support/herd-in-process.js';
import { natsHerd, told } from './nats-herd.js';

describeWithNats('a herd on a bucket of NATS that is split', function () {
  this.timeout(60_000);
  let nats: NatsServer;
  const herds: HerdInProcess[] = [];

  beforeEach(async () => {
    nats = await NatsServer.start();
  });

  afterEach(async () => {
    for (const herd of herds.splice(0)) await herd.stop();
    await nats.stop();
  });

  function herdOf(server: string, settings: Partial<NatsSettings>): HerdInProcess {
    const herd = natsHerd([nats], settings, { links: [server] });
    herds.push(herd);
    return herd;
  }

  const valuesOf = (name: string) => valuesIn(nats.address, name);

  it('has its locations in several streams, and tells all to who joins, whatever that one was told', async () => {
    const herd = herdOf('Blake', { shards: 4 });
    await herd.start();
    const ats: string[] = [];
    for (let client = 0; client < 20; client += 1)
      ats.push(await herd.report('Blake', `phone-${client}`, 1_700_000_000));
    await eventually('they are written', async () => {
      const counts = await Promise.all(shardNames(bucketName, 4).map(async (name) => (await valuesOf(name)).length));
      return counts.every((count) => count > 0) && counts.reduce((sum, count) => sum + count) === ats.length;
    });
    expect(await valuesOf(bucketName)).to.deep.equal(['1 fnv1a-32 4']);
    for (const [server, settings] of [
      ['Bryant', { shards: 4 }],
      ['Gasol', { shards: 3 }],
      ['Howard', {}],
    ] as const) {
      const other = herdOf(server, settings);
      await other.start();
      for (const at of ats) await other.waitForAgreement(at);
      await herd.waitForAgreement(await other.report(server, `client-of-${server}`, 1_700_000_000));
    }
  });

  it('says that the number in herd.yaml is not that of the bucket, where it is not', async () => {
    await herdOf('Blake', { shards: 4 }).start();
    const warned = async (settings: Partial<NatsSettings>): Promise<string[]> => {
      const herd = herdOf('Bryant', settings);
      const starting = herd.start();
      const warnings = collectEvents(herd.bus('Bryant'), 'bucket-warning');
      await starting;
      return warnings.map(({ reason }) => reason);
    };
    expect(await warned({})).to.deep.equal([]);
    expect(await warned({ shards: 4 })).to.deep.equal([]);
    expect(await warned({ shards: 3 })).to.deep.equal([
      `herd.yaml says shards: 3, but the bucket ${bucketName} is split over 4, and stays so`,
    ]);
  });

  it('leaves a bucket whole that holds something already', async () => {
    const herd = herdOf('Blake', {});
    await herd.start();
    const at = await herd.report('Blake', 'kiwi', 1_700_000_000);
    await eventually('it is written', async () => (await valuesOf(bucketName)).length === 1);
    const other = herdOf('Bryant', { shards: 4 });
    await other.start();
    await other.waitForAgreement(at);
    await herd.waitForAgreement(await other.report('Bryant', 'emu', 1_700_000_000));
  });

  it('is followed by a server that had opened the bucket when it was whole yet', async () => {
    const herd = herdOf('Blake', {});
    await herd.start();
    const other = herdOf('Bryant', { shards: 4 });
    await other.start();
    expect(await valuesOf(bucketName)).to.deep.equal(['1 fnv1a-32 4']);
    await other.waitForAgreement(await herd.report('Blake', 'kiwi', 1_700_000_000));
    await herd.waitForAgreement(await other.report('Bryant', 'emu', 1_700_000_000));
  });

  it('is opened anew by who is told of changes only, and to whom it was split just before it listened', async () => {
    await withBucket(nats.address, async (kv) => {
      for (let time = 0; time < 5; time += 1) {
        const closed = new Promise<BucketSession>((resolve, reject) => {
          new NatsBucket(natsSettings([nats.address]), 'Blake').open(
            {
              opened: () => void kv.put(mappingKey, '1 fnv1a-32 2'),
              warned: reject,
              changed: reject,
              // It may be, for a moment, where NATS takes its time with what was put.
              loaded: () => undefined,
              closed: resolve,
            },
            'changes',
          );
        });
        await withTimeout(closed, 'it is closed');
        await kv.purge(mappingKey);
      }
    });
  });

  it('spreads what is of other streams while one takes no writes, and says which that is until it does', async () => {
    const herd = herdOf('Blake', { shards: 2 });
    await herd.start();
    const other = herdOf('Bryant', {});
    await other.start();
    const [full = ''] = shardNames(bucketName, 2);
    const clients = Array.from({ length: 40 }, (_, client) => asClientId(`phone-${client}`));
    const inFull = clients.filter((client) => shardOf(bucketKeyOf(client), 2) === 0);
    const inOther = clients.filter((client) => !inFull.includes(client));
    await other.waitForAgreement(await herd.report('Blake', inFull[0]!, 1_700_000_000));
    await setFull(nats.address, full, 'full');
    const states = collectEvents(herd.bus('Blake'), 'bucket');
    const waiting = await Promise.all(inFull.slice(1).map((client) => herd.report('Blake', client, 1_700_000_000)));
    await eventually('it is blocked', () => states.length > 0);
    for (const client of inOther) await other.waitForAgreement(await herd.report('Blake', client, 1_700_000_000));
    expect(await told(herd, 'Blake', '/healthz')).to.include(
      `shard ${full}: JetStream error: maximum messages exceeded`,
    );
    expect(new Set(states.map(({ state, reason }) => `${state}, ${reason}`))).to.have.lengthOf(1);
    await setFull(nats.address, full, 'not full');
    for (const at of waiting) await other.waitForAgreement(at);
    await eventually('it is live', () => states.at(-1)?.state === 'live');
  });

  it('does not touch a bucket that is split in a way that is not known, says so, and tries again', async () => {
    await withBucket(nats.address, (kv) => kv.put(mappingKey, '2 fnv1a-32 4'));
    const herd = herdOf('Blake', { shards: 4 });
    await herd.startServer('Blake');
    await eventually('it says so', async () =>
      (await told(herd, 'Blake', '/readyz')).includes(
        `the bucket ${bucketName} is split in a way that this server does not know: its mapping is "2 fnv1a-32 4"`,
      ),
    );
    const at = await herd.report('Blake', 'kiwi', 1_700_000_000);
    await withBucket(nats.address, (kv) => kv.put(mappingKey, '1 fnv1a-32 2'));
    await eventually('it is ready', async () => (await told(herd, 'Blake', '/readyz')) === '200 ready\n');
    const other = herdOf('Bryant', {});
    await other.start();
    await other.waitForAgreement(at);
  });

  it('is opened anew when one of the streams was deleted, and is filled again', async () => {
    const herd = herdOf('Blake', { shards: 2 });
    await herd.start();
    const ats = await Promise.all(
      ['kiwi', 'emu', 'moa', 'rhea'].map((client) => herd.report('Blake', client, 1_700_000_000)),
    );
    const names = shardNames(bucketName, 2);
    const all = async () => (await Promise.all(names.map(valuesOf))).flat().sort();
    const expected = ats.map((at) => `2 ${at}`).sort();
    await eventually('they are written', async () => (await all()).join() === expected.join());
    await withBucket(nats.address, (kv) => kv.destroy(), names[0]);
    await eventually('they are written again', async () => (await all()).join() === expected.join());
  });
});
