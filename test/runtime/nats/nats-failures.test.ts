import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { BucketEvent } from '../../../src/actors/bus/events.js';
import { deleteWatches, valuesIn, withBucket } from '../../support/nats-bucket.js';
import { describeWithNats, NatsServer } from '../../support/nats-server.js';
import { eventually } from '../../support/eventually.js';
import { collectEvents } from '../../support/fake-bus.js';
import { TemporaryFolder } from '../../support/temporary-folder.js';
import type { HerdInProcess } from '../../support/herd-in-process.js';
import { natsHerd, told } from './nats-herd.js';

const second = 1_700_000_000;

/** How long a report may take to be answered whatever NATS does, in milliseconds: no part of it waits for NATS. */
const answeredWithinMs = 2_000;

describeWithNats('a herd on NATS', function () {
  this.timeout(60_000);
  let nats: NatsServer;
  let herd: HerdInProcess;
  let states: BucketEvent[];
  let folder: TemporaryFolder;

  before(async () => {
    folder = new TemporaryFolder();
    nats = await NatsServer.start();
    herd = natsHerd([nats], {}, { logDir: folder.path });
    await herd.start();
    states = collectEvents(herd.bus('Blake'), 'bucket');
  });

  after(async () => {
    await herd.stop();
    await nats.stop();
    folder.remove();
  });

  /** Reports clients at all servers, each answered in time; returns the AT lines. */
  async function report(occasion: string): Promise<string[]> {
    const ats: string[] = [];
    for (const server of herd.servers) {
      const client = await herd.client(server);
      for (let index = 0; index < 50; index += 1) {
        ats.push(
          await client.request(
            `IAMAT ${occasion}-${server}-${index} +34.068930-118.445127 ${second}`,
            answeredWithinMs,
          ),
        );
      }
      client.close();
    }
    return ats;
  }

  async function agrees(ats: readonly string[]): Promise<void> {
    for (const at of ats) await herd.waitForAgreement(at);
  }

  const becomesLive = () => eventually('the bucket is live', () => states.at(-1)?.state === 'live');
  /** From a moment on: it may be tried again at once. */
  const goesAway = (since: number) =>
    eventually('the bucket goes away', () => states.slice(since).some(({ state }) => state === 'disconnected'));

  it('has the newest report of a client in the bucket, whoever was told of it and when', async () => {
    const client = 'kiwi.cs.ucla.edu';
    const times = Array.from({ length: 30 }, (_, index) => second + ((index * 7) % 30));
    const ats = await Promise.all(times.map((time, index) => herd.report(herd.servers[index % 3] ?? '', client, time)));
    const newest = ats.find((at) => at.endsWith(` ${second + 29}`)) ?? '';
    await herd.waitForAgreement(newest);
    await eventually('nothing is on its way', async () => (await valuesIn(nats.address)).includes(`2 ${newest}`));
    expect(await valuesIn(nats.address)).to.deep.equal([`2 ${newest}`]);
  });

  it('answers while NATS is down, says that it is, tries more than ten times, and agrees when it is back', async () => {
    const before = await report('before');
    await agrees([before[0] ?? '']);
    const attempted = states.length;
    await nats.kill();
    await goesAway(attempted);
    const during = await report('during');
    const newest = await herd.report('Blake', 'before-Gasol-0', second + 1);
    for (const path of ['/healthz', '/readyz']) {
      await eventually('it says so', async () => {
        const answer = await told(herd, 'Blake', path);
        return (
          /^200 (ok|ready)\nthe bucket is (disconnected|connecting): .*connection refused\n$/.test(answer) ||
          Promise.reject(new Error(answer))
        );
      });
    }
    const { bucket } = JSON.parse((await told(herd, 'Blake', '/api/herd')).slice(4)) as { bucket: { reason: string } };
    expect(bucket.reason).to.contain('connection refused');
    await eventually('it has tried often', () => states.length > attempted + 30);
    await nats.start();
    await agrees([...during.slice(0, 3), ...during.slice(-3), newest]);
    expect(await valuesIn(nats.address)).to.include.members([...during, newest].map((at) => `2 ${at}`));
  });

  it('agrees on everything after NATS was killed in the middle of writes', async () => {
    const reports = report('killed');
    await new Promise((resolve) => setImmediate(resolve));
    await nats.kill();
    const ats = await reports;
    await nats.start();
    const later = report('killed-again');
    await nats.kill();
    await nats.start();
    ats.push(...(await later));
    await eventually('everything is written', async () => {
      const values = new Set(await valuesIn(nats.address));
      return ats.every((at) => values.has(`2 ${at}`));
    });
    await agrees(ats.slice(-3));
  });

  it('fills the bucket again when the store of NATS was wiped', async () => {
    const before = await report('kept');
    await eventually('everything is written', async () =>
      (await valuesIn(nats.address)).includes(`2 ${before.at(-1) ?? ''}`),
    );
    const known = (await valuesIn(nats.address)).length;
    await nats.kill();
    nats.wipe();
    await nats.start();
    await becomesLive();
    await eventually('everything is there again', async () => (await valuesIn(nats.address)).length === known);
    await agrees([await herd.report('Gasol', 'after-wipe', second), ...before.slice(-2)]);
  });

  it('fills the bucket again when somebody has deleted it', async () => {
    const known = (await valuesIn(nats.address)).length;
    const from = states.length;
    await withBucket(nats.address, (kv) => kv.destroy());
    await eventually('it is noticed', () => states.slice(from).some(({ state }) => state === 'disconnected'));
    await eventually('everything is there again', async () => (await valuesIn(nats.address)).length === known);
  });

  it('notices that its watch has gone silent, and makes another', async () => {
    const from = states.length;
    await deleteWatches(nats.address, 3);
    const at = await herd.report('Bryant', 'said-to-nobody', second);
    await eventually('it is noticed', () =>
      states.slice(from).some(({ reason }) => reason === 'the bucket went silent'),
    );
    await herd.waitForAgreement(at);
  });

  it('answers while NATS stands still, takes it for dead in the end, and agrees when it goes on', async () => {
    const from = states.length;
    nats.pause();
    const during = await report('still');
    await goesAway(from);
    nats.resume();
    await agrees(during.slice(-2));
  });

  it('answers and agrees while NATS is slow', async () => {
    // Shorter than what a beat may take, and for most of the time.
    const slowing = setInterval(() => {
      nats.pause();
      setTimeout(() => nats.resume(), 250);
    }, 350);
    try {
      await agrees((await report('slow')).slice(-3));
    } finally {
      clearInterval(slowing);
      nats.resume();
    }
    await becomesLive();
  });

  it('serves what it knows while NATS does not let it in, says so, and agrees when it does again', async () => {
    const known = await herd.report('Gasol', 'known', second);
    await herd.waitForAgreement(known);
    await nats.kill();
    nats.configure(['authorization { user: "somebody", password: "else" }']);
    await nats.start();
    await eventually('it says so', () => /authentication failed.*Authorization/.test(states.at(-1)?.reason ?? ''));
    const during = await report('refused');
    await herd.waitForAgreement(known);
    await nats.kill();
    nats.configure([]);
    await nats.start();
    await agrees(during.slice(-2));
  });

  it('has told of all this in its log', async () => {
    const [name = ''] = readdirSync(folder.pathTo('Blake')).filter((each) => each.endsWith('.error.log'));
    await eventually('the log tells of it', () => {
      const log = readFileSync(folder.pathTo('Blake', name), 'utf8');
      return (
        /bucket disconnected: .*connection refused; next attempt in \d+ ms; pending writes: \d+/.test(log) &&
        log.includes('bucket disconnected: NATS authentication failed')
      );
    });
  });
});
