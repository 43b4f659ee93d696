import { expect } from 'chai';
import { parseBucketValue } from '../../../src/protocol/nats/bucket-value.js';
import { bucketKeyOf } from '../../../src/runtime/nats/bucket-key.js';
import { withBucket } from '../../support/nats-bucket.js';
import { describeWithNats, NatsServer } from '../../support/nats-server.js';
import { eventually } from '../../support/eventually.js';
import { createLocation } from '../../support/fake-location.js';
import type { HerdInProcess } from '../../support/herd-in-process.js';
import { natsHerd, told } from './nats-herd.js';

const clients = 2_000;

describeWithNats('a server that joins a herd on NATS', function () {
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

  function herdOf(...links: readonly string[]): HerdInProcess {
    const herd = natsHerd([nats], {}, { links });
    herds.push(herd);
    return herd;
  }

  /** Has the bucket hold many clients. */
  function fill(): Promise<void> {
    const locations = Array.from({ length: clients }, (_, index) => createLocation(`phone-${index}`, index, 'Metta'));
    return withBucket(nats.address, (kv) =>
      Promise.all(locations.map(({ client, line }) => kv.put(bucketKeyOf(client), `2 ${line}`))),
    );
  }

  it('is ready when it knows everything, and not before', async () => {
    await fill();
    const herd = herdOf('Blake');
    const answers: string[] = [];
    await herd.startServer('Blake');
    await eventually('it is ready', async () => {
      const answer = await told(herd, 'Blake', '/readyz');
      answers.push(answer);
      return answer === '200 ready\n';
    });
    const { locations } = JSON.parse((await told(herd, 'Blake', '/api/herd')).slice(4)) as { locations: number };
    expect(locations).to.equal(clients);
    for (const answer of answers.slice(0, -1)) expect(answer).to.match(/^503 not ready: loading the bucket\n$/);
  });

  it('is not ready while NATS cannot be reached, says so, and takes reports all the same', async () => {
    await nats.kill();
    const herd = herdOf('Blake');
    await herd.startServer('Blake');
    await eventually('it says so', async () =>
      /^503 not ready: the bucket is (disconnected|connecting): .*connection refused\n$/.test(
        await told(herd, 'Blake', '/readyz'),
      ),
    );
    const at = await herd.report('Blake', 'early', 1_700_000_000);
    await nats.start();
    await eventually('it is ready', async () => (await told(herd, 'Blake', '/readyz')) === '200 ready\n');
    const other = herdOf('Young');
    await other.start();
    await other.waitForAgreement(at);
  });

  it('need not be in the config of the others: the herd and its NATS make it one of them', async () => {
    const [herd, other] = [herdOf('Blake-Bryant'), herdOf('Young')];
    await herd.start();
    const before = await herd.report('Blake', 'kiwi', 1_700_000_000);
    await other.start();
    await other.waitForAgreement(before);
    await herd.waitForAgreement(await other.report('Young', 'kiwi', 1_700_000_001));
  });

  it('leaves values of another version alone', async () => {
    const { client, line } = createLocation('kiwi', 1_800_000_000, 'Metta');
    await withBucket(nats.address, (kv) => kv.put(bucketKeyOf(client), `3 ${line} more`));
    expect(parseBucketValue(`3 ${line} more`)).to.deep.equal({ kind: 'unknown version', version: '3' });
    const herd = herdOf('Blake-Bryant');
    await herd.start();
    const client2 = await herd.client('Blake');
    expect(await client2.request('WHATSAT kiwi 10 1')).to.equal('? WHATSAT kiwi 10 1');
    await herd.report('Blake', 'kiwi', 1_700_000_000);
    await herd.waitForAgreement(await herd.report('Bryant', 'emu', 1_700_000_000));
    await withBucket(nats.address, async (kv) => {
      expect((await kv.get(bucketKeyOf(client)))?.string()).to.equal(`3 ${line} more`);
    });
  });
});
