import { expect } from 'chai';
import type { ByteString } from '../../src/protocol/text/bytes.js';
import { Client } from '../support/client.js';
import { eventually, defaultTimeoutMs } from '../support/eventually.js';
import type { Toxic } from '../../src/simulation/proxy/faulty-connection.js';
import type { FaultProxy } from '../../src/simulation/proxy/fault-proxy.js';
import { Herd } from '../support/herd.js';
import { writeHerdFile } from '../support/herd-file.js';
import { proxyOnLink } from '../support/link-proxy.js';
import { hasProc, memoryOf } from '../support/process-table.js';
import { waitUntilLogged, LogTail } from '../support/server-log.js';

const heartbeatMs = 500;

/** How much later than promised something may be noticed, by a machine that has other things to do. */
const slackMs = 10_000;

/** Never in a test: what a link has missed is made good when it comes up, or it is not. */
const antiEntropySeconds = 86_400;

const anyhow = { next: Math.random };

const pass: Toxic = { kind: 'pass' };
const drop: Toxic = { kind: 'blackhole' };

describe('links through a network that breaks', function () {
  this.timeout(4 * defaultTimeoutMs);
  let herd: Herd;
  /** Between Blake, who dials, and Bryant. Bryant dials Metta. */
  let proxy: FaultProxy;
  let reports = 0;

  before(async () => {
    const topology = { Blake: ['Bryant'], Bryant: ['Metta'] };
    const file = await writeHerdFile({
      topology,
      hasLogs: true,
      settings: { peers: { heartbeatMs, antiEntropySeconds } },
    });
    proxy = await proxyOnLink(file, 'Blake', 'Bryant');
    herd = new Herd('one command a server', file);
    await herd.start();
    await waitUntilLogged(herd, await reportEverywhere());
  });
  after(async () => {
    await herd.stop();
    await proxy.stop();
  });

  /** Reports a new client at each of the servers; returns the AT lines. */
  async function reportEverywhere(servers: readonly string[] = herd.servers): Promise<ByteString[]> {
    reports += 1;
    return Promise.all(servers.map((server) => herd.report(server, `client-${reports}-of-${server}`)));
  }

  /** What Blake and Bryant log from now on. */
  function logsOfBoth(): Promise<[LogTail, LogTail]> {
    return Promise.all([LogTail.now(herd, 'Blake'), LogTail.now(herd, 'Bryant')]);
  }

  /** Waits until both sides of the link call it live. */
  async function areLive(blake: LogTail, bryant: LogTail): Promise<void> {
    await blake.waitForLine(/ link Bryant live$/);
    await bryant.waitForLine(/ link Blake live$/);
  }

  const disturbances: readonly (readonly [string, Toxic])[] = [
    ['come byte by byte', { kind: 'slice', maxBytes: 1, random: anyhow }],
    ['come in pieces of any size', { kind: 'slice', maxBytes: 100, random: anyhow }],
    ['are late', { kind: 'latency', delayMs: 50 }],
  ];
  for (const [what, behaviour] of disturbances) {
    it(`[FR5][PE2][PE11] are as good as any when bytes ${what}: everybody is told, to the byte`, async () => {
      proxy.setToxic(behaviour);
      const [blake, bryant] = await logsOfBoth();
      proxy.cut();
      const missed = await reportEverywhere();
      await areLive(blake, bryant);
      const { connectionCount } = proxy;
      const long = await herd.report('Blake', `${what.replaceAll(' ', '-')}-\xff\xfe${'x'.repeat(900)}`);
      const last = await herd.report('Metta', `${what.replaceAll(' ', '-')}-\x80`, '0.000000001');
      await waitUntilLogged(herd, [...missed, long, last, ...(await reportEverywhere())]);
      expect(proxy.connectionCount, 'the link was not lost').to.equal(connectionCount);
      proxy.setToxic(pass);
    });
  }

  it('[PE23] are kept for as long as signs of life come, late as they may be', async () => {
    proxy.setToxic({ kind: 'latency', delayMs: heartbeatMs / 5 });
    const [blake, bryant] = await logsOfBoth();
    const { connectionCount } = proxy;
    await Promise.all([blake.waitForLine(/ peer Bryant in BEAT /, 4), bryant.waitForLine(/ peer Blake in BEAT /, 4)]);
    expect(proxy.connectionCount, 'the link was not lost').to.equal(connectionCount);
    proxy.setToxic(pass);
  });

  it('[PE14][PE15][PE17] come back when they were cut, and what was missed is there', async () => {
    const [blake, bryant] = await logsOfBoth();
    await proxy.stop();
    await blake.waitForLine(/ link Bryant backoff: ECONNRESET; next attempt in \d+ ms$/);
    await blake.waitForLine(/ link Bryant backoff: ECONNREFUSED; next attempt in \d+ ms$/, 2);
    await bryant.waitForLine(/ link Blake connecting: ECONNRESET$/);
    const missed = [...(await reportEverywhere()), ...(await reportEverywhere())];
    const updated = [await herd.report('Metta', 'rises', '1'), await herd.report('Blake', 'rises', '2')];
    await proxy.start();
    await waitUntilLogged(herd, [...missed, ...updated.slice(1)]);
    await areLive(blake, bryant);
    await waitUntilLogged(herd, await reportEverywhere());
  });

  for (const [what, directions] of [
    ['both ways', ['upstream', 'downstream']],
    ['one way', ['upstream']],
    ['the other way', ['downstream']],
  ] as const) {
    it(`[PE23] are found dead within three beats when nothing comes through ${what}, and mended when it does`, async () => {
      const [blake, bryant] = await logsOfBoth();
      const brokenAtMs = performance.now();
      proxy.setToxic(drop, ...directions);
      const missed = await reportEverywhere();
      await Promise.all([blake.waitForLine(/ link Bryant backoff: /), bryant.waitForLine(/ link Blake connecting: /)]);
      expect(performance.now() - brokenAtMs).to.be.below(3 * heartbeatMs + slackMs);
      const deaf = directions.length === 2 ? [blake, bryant] : directions[0] === 'upstream' ? [bryant] : [blake];
      for (const log of deaf) await log.waitForLine(/: heartbeat timeout/);
      proxy.setToxic(pass);
      // Whoever called meanwhile would wait five seconds for an answer.
      proxy.cut();
      await waitUntilLogged(herd, missed);
      await areLive(blake, bryant);
    });
  }

  for (const direction of ['upstream', 'downstream'] as const) {
    it(`end when the network closes one direction of theirs (${direction}), and begin anew`, async () => {
      const [blake, bryant] = await logsOfBoth();
      proxy.halfClose(direction);
      const missed = await reportEverywhere();
      await blake.waitForLine(/ link Bryant backoff: the remote end closed; /);
      await bryant.waitForLine(/ link Blake connecting: the remote end closed$/);
      await waitUntilLogged(herd, missed);
      await areLive(blake, bryant);
    });
  }

  it('[PE18] are replaced by a second call of the same neighbour, and the older connection is dropped', async () => {
    const [blake, bryant] = await logsOfBoth();
    const second = await Client.connect(herd.file.peerPortOf('Bryant'));
    second.send('HELLO 3 twitter Blake Bryant\n');
    expect(await second.line()).to.equal('HELLO 3 twitter Bryant Blake');
    expect(await second.line()).to.match(/^BEAT /);
    expect(await second.line()).to.match(/^DIGEST /);
    await blake.waitForLine(/ link Bryant backoff: the remote end closed; /);
    // Blake calls again, and now it is the other one that is dropped.
    await second.readToEnd();
    await areLive(blake, bryant);
    await waitUntilLogged(herd, await reportEverywhere());
    second.close();
  });

  it('[PE19] do not keep a server from serving while its neighbour is killed, and tell that one all when it is back', async () => {
    const client = await herd.connect('Blake');
    const update = (time: number) => client.request(`IAMAT moves +1+1 ${time}`);
    await update(1);
    const blake = await LogTail.now(herd, 'Blake');
    await herd.kill('Bryant');
    for (let time = 2; time < 100; time += 1) await update(time);
    await blake.waitForLine(/ link Bryant backoff: /);
    const missed = await reportEverywhere(['Blake', 'Metta']);
    await herd.restart('Bryant');
    await waitUntilLogged(herd, [...missed, await update(100)]);
    client.close();
  });
});

// How much memory a process takes is asked of /proc.
(hasProc ? describe : describe.skip)('a server whose neighbour is stopped', function () {
  this.timeout(4 * defaultTimeoutMs);
  const clients = 500;
  /** At once: a multiple of the clients. */
  const updates = 25_000;
  const place = '+34.068930-118.445127';
  /** As long as it may be a name, so that a location which is kept in vain costs something. */
  const nameOf = (client: number) => `phone-${client}-${'x'.repeat(300)}`;
  let herd: Herd;

  afterEach(async () => {
    herd.command('Bryant').signal('SIGCONT');
    await herd.stop();
  });

  async function begin(settings: { heartbeatMs: number }): Promise<void> {
    const topology = { Blake: ['Bryant'] };
    const peers = { ...settings, antiEntropySeconds };
    const file = await writeHerdFile({ topology, settings: { peers, limits: { maxCommandsPerSecond: 1_000_000 } } });
    herd = new Herd('one command a server', file);
    await herd.start();
  }

  /** A client at Blake that reports that many phones, one after the other, from a time on; resolves with the newest AT lines. */
  async function update(client: Client, count: number, from: number): Promise<ByteString[]> {
    const lines = Array.from({ length: count }, (_, index) => {
      const time = from + index;
      return `IAMAT ${nameOf(time % clients)} ${place} ${time}\n`;
    });
    client.send(lines.join(''));
    return (await client.lines(count)).slice(-clients);
  }

  const some = (ats: readonly ByteString[]) => ats.filter((_, index) => index % 25 === 0);

  /** Bryant, who has just gone on, knows the newest within two seconds, and whatever a busy machine takes. */
  async function agreesSoon(newest: readonly ByteString[]): Promise<void> {
    const wokenAtMs = performance.now();
    await herd.waitForAgreement(some(newest), ['Bryant']);
    expect(performance.now() - wokenAtMs).to.be.below(2_000 + slackMs);
  }

  it('[PE16] goes on serving, keeps only the newest of each client for it, and has told it two seconds after it goes on', async () => {
    // The link is not to be given up: all that time there is somebody for whom things wait.
    await begin({ heartbeatMs: 60_000 });
    const client = await herd.connect('Blake');
    // Until the heap has its size.
    const warmUpRounds = 6;
    let newest: ByteString[] = [];
    for (let round = 0; round < warmUpRounds; round += 1) newest = await update(client, updates, round * updates);
    await herd.waitForAgreement(some(newest), ['Bryant']);
    const pid = herd.pidOf('Blake');
    const before = memoryOf(pid).mebibytes;
    herd.command('Bryant').signal('SIGSTOP');
    for (let round = 0; round < 12; round += 1) {
      newest = await update(client, updates, (warmUpRounds + round) * updates);
    }
    expect(await client.request(`IAMAT other ${place} 1`)).to.match(/^AT Blake /);
    // All that it might have kept is more than twice as much.
    expect(memoryOf(pid).mebibytes - before).to.be.below(60);
    herd.command('Bryant').signal('SIGCONT');
    await agreesSoon(newest);
    client.close();
  });

  it('[PE15][PE23] takes it for dead, and fills it up two seconds after it goes on', async () => {
    await begin({ heartbeatMs: 100 });
    const client = await herd.connect('Blake');
    await herd.waitForAgreement(some(await update(client, clients, 0)), ['Bryant']);
    // Bryant may know all before the link counts as up, and what was never up is not told to be down.
    const isUp = /^ {2}Blake .* Bryant$|link to Bryant is up$/m;
    await eventually('the link is up', () => isUp.test(herd.command('Blake').stdout));
    herd.command('Bryant').signal('SIGSTOP');
    await eventually('Blake has given it up', () => herd.command('Blake').stdout.includes('link to Bryant is down'));
    const newest = await update(client, clients, 10 * clients);
    herd.command('Bryant').signal('SIGCONT');
    await agreesSoon(newest);
    client.close();
  });
});
