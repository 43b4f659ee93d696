import { expect } from 'chai';
import { NatsBucket } from '../../../src/runtime/nats/nats-bucket.js';
import { bucketKeyOf } from '../../../src/runtime/nats/bucket-key.js';
import { natsSettings, valuesIn, withBucket } from '../../support/nats-bucket.js';
import { describeWithNats, NatsServer } from '../../support/nats-server.js';
import { eventually } from '../../support/eventually.js';
import { createLocation } from '../../support/fake-location.js';
import { HerdInProcess } from '../../support/herd-in-process.js';
import { describeReplication } from './replication-contract.js';
import { told } from './nats-herd.js';

const clients = 5_000;
const maxClients = 100;

/**
 * @param lookupTimeoutMs how long a question may take: long, as the machine may be busy with other tests, but where the bucket is disconnected
 *   and each takes as long
 */
function optionsOf(nats: NatsServer, hold: 'all' | 'touched', lookupTimeoutMs = 15_000) {
  return {
    hasHttp: true,
    bucketOf: (server: string) => new NatsBucket(natsSettings([nats.address]), server),
    settings: {
      replication: { kind: 'nats', servers: ['nowhere.invalid:4222'], hold },
      limits: { maxClients: hold === 'all' ? 2 * clients : maxClients, lookupTimeoutMs },
    },
  } as const;
}

describeWithNats('NatsSpread that holds touched clients, as a spread over NATS', function () {
  this.timeout(30_000);
  let nats: NatsServer;

  afterEach(() => nats.stop());

  describeReplication(async () => {
    nats = await NatsServer.start();
    return optionsOf(nats, 'touched');
  });
});

describeWithNats('a server on NATS that holds touched clients', function () {
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

  async function herdOf(server: string, hold: 'all' | 'touched', lookupTimeoutMs?: number): Promise<HerdInProcess> {
    const herd = new HerdInProcess({ ...optionsOf(nats, hold, lookupTimeoutMs), links: [server] });
    herds.push(herd);
    await herd.start();
    return herd;
  }

  /** Has the bucket hold many clients. */
  function fill(): Promise<void> {
    const locations = Array.from({ length: clients }, (_, index) => createLocation(`phone-${index}`, index, 'Metta'));
    return withBucket(nats.address, (kv) =>
      Promise.all(locations.map(({ client, line }) => kv.put(bucketKeyOf(client), `2 ${line}`))),
    );
  }

  async function heldBy(herd: HerdInProcess, server: string): Promise<number> {
    const { hold, locations } = JSON.parse((await told(herd, server, '/api/herd')).slice(4)) as {
      hold: string;
      locations: number;
    };
    expect(hold).to.equal('touched');
    return locations;
  }

  it('answers for any of 5,000 clients with the newest, holds no more than it may, and tells the others what it is told', async () => {
    await fill();
    const herd = await herdOf('Blake', 'touched');
    expect(await heldBy(herd, 'Blake')).to.equal(0);
    const client = await herd.client('Blake');
    for (let index = 0; index < clients; index += 23) {
      expect(await client.request(`WHATSAT phone-${index} 10 0`)).to.equal(
        createLocation(`phone-${index}`, index, 'Metta').line,
      );
      await client.line();
    }
    expect(await client.request('WHATSAT nobody 10 0')).to.equal('? WHATSAT nobody 10 0');
    expect(await heldBy(herd, 'Blake')).to.equal(maxClients);

    // Clients that Blake still holds, has forgotten again, and has never heard of.
    const other = await herdOf('Bryant', 'all');
    for (const [index, name] of ['phone-4991', 'phone-0', 'phone-1'].entries()) {
      await herd.waitForAgreement(await other.report('Bryant', name, 1_700_000_000 + index));
      await other.waitForAgreement(await herd.report('Blake', name, 1_700_000_100 + index));
    }
    expect(await herd.report('Blake', 'phone-2000', 1)).to.match(/ phone-2000 .* 1$/);
    await herd.waitForAgreement(createLocation('phone-2000', 2000, 'Metta').line);
    expect(await heldBy(herd, 'Blake')).to.equal(maxClients);
  });

  it('answers for those whom it holds while NATS is away, says ? of others in time, and has the newest again afterwards', async () => {
    await fill();
    const [herd, other] = [await herdOf('Blake', 'touched', 500), await herdOf('Bryant', 'all')];
    const line = createLocation('phone-7', 7, 'Metta').line;
    await herd.waitForAgreement(line);
    const client = await herd.client('Blake');
    const watcher = await herd.client('Blake');
    expect(await watcher.request('WATCH phone-8')).to.equal('WATCHING phone-8');
    expect(await watcher.line()).to.equal(createLocation('phone-8', 8, 'Metta').line);
    await nats.kill();
    await eventually('it is noticed', async () =>
      (await told(herd, 'Blake', '/healthz')).includes('the bucket is disconnected'),
    );
    expect(await client.request('WHATSAT phone-7 10 0')).to.equal(line);
    await client.line();
    const reported: string[] = [];
    for (let index = 1_000; index < 1_000 + 3 * maxClients; index += 1) {
      reported.push(await client.request(`IAMAT phone-${index} +1.0+1.0 1700000000`));
    }
    // It is not held any more, but waits to be written.
    expect(await client.request('WHATSAT phone-1000 10 0')).to.equal(reported[0]);
    await client.line();
    expect(await client.request('WHATSAT phone-4000 10 0')).to.equal('? WHATSAT phone-4000 10 0');
    const elsewhere = await Promise.all(
      ['phone-7', 'phone-8', 'phone-4000'].map((name) => other.report('Bryant', name, 1_700_000_001)),
    );
    await nats.start();
    expect(await watcher.line(), 'what is watched').to.equal(elsewhere[1]);
    for (const at of elsewhere) await herd.waitForAgreement(at);
    await eventually('everything is written that was reported meanwhile', async () => {
      const values = new Set(await valuesIn(nats.address));
      return reported.every((at) => values.has(`2 ${at}`));
    });
  });

  it('writes what it holds into a bucket that was wiped', async () => {
    const herd = await herdOf('Blake', 'touched');
    const ats = await Promise.all(['kiwi', 'emu'].map((name) => herd.report('Blake', name, 1_700_000_000)));
    await eventually('they are written', async () => (await valuesIn(nats.address)).length === 2);
    await withBucket(nats.address, (kv) => kv.destroy());
    await eventually('they are written again', async () => (await valuesIn(nats.address)).length === 2);
    expect((await valuesIn(nats.address)).sort()).to.deep.equal(ats.map((at) => `2 ${at}`).sort());
  });
});
