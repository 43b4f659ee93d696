import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import type { ByteString } from '../../src/protocol/text/bytes.js';
import type { Client } from '../support/client.js';
import { eventually, defaultTimeoutMs } from '../support/eventually.js';
import { startHerd, type Herd } from '../support/herd.js';
import { hasProc, memoryOf } from '../support/process-table.js';
import { readLog } from '../support/server-log.js';

const mebibyte = 1024 * 1024;
const place = '+34.068930-118.445127';

/** How long anybody else may wait for an answer: thousands of times what it takes, for a busy machine. */
const servedWithinMs = 10_000;

// How much memory a process takes is asked of /proc.
(hasProc ? describe : describe.skip)('a server under pressure', function () {
  this.timeout(4 * defaultTimeoutMs);
  let herd: Herd;
  const pressing: Client[] = [];

  before(async () => {
    herd = await startHerd({
      mode: 'processes',
      topology: { Blake: ['Bryant'] },
      hasLogs: true,
      upstreamFormat: 'twitter',
    });
    await othersAreServed(20);
  });
  afterEach(() => {
    for (const client of pressing.splice(0)) client.close();
  });
  after(() => herd.stop());

  async function press(): Promise<Client> {
    const client = await herd.connect('Blake');
    pressing.push(client);
    return client;
  }

  /** Others come, report, ask and go, each served in time. */
  async function othersAreServed(times: number): Promise<void> {
    for (let time = 1; time <= times; time += 1) {
      const other = await herd.connect('Blake');
      expect(await other.request(`IAMAT other ${place} ${time}`, servedWithinMs)).to.match(/^AT Blake /);
      expect(await other.request('WHATSAT other 10 1', servedWithinMs)).to.match(/^AT Blake /);
      expect(await other.line(servedWithinMs)).to.match(/^\{"results":/);
      other.close();
    }
  }

  /** Does something, and checks that no server ever had that much more memory than at its beginning. */
  async function growingByLessThan(mebibytes: number, something: () => Promise<void>): Promise<void> {
    const pids = herd.servers.map((server) => herd.pidOf(server));
    const before = pids.map((pid) => memoryOf(pid).mebibytes);
    await something();
    for (const [index, pid] of pids.entries()) {
      expect(memoryOf(pid).peakMebibytes - (before[index] ?? 0)).to.be.below(mebibytes);
    }
  }

  it('[FR7] does not keep a line that never ends', async () => {
    // Kept, the line alone would be more than this.
    await growingByLessThan(48, async () => {
      const client = await press();
      for (let sent = 0; sent < 64; sent += 1) {
        await written(client, 'x'.repeat(mebibyte));
        if (sent % 8 === 0) await othersAreServed(1);
      }
      expect(await client.line()).to.equal(`? ${'x'.repeat(4096)}`);
      expect(await client.sendAll('\nstill here\n')).to.equal('? still here\n');
    });
  });

  it('serves others while 5,000 clients are there and say nothing, and each of those when it speaks', async function () {
    const connections = 5_000;
    // Node raises its soft limit of files by itself; the hard one is the system's.
    const filesMax = Number(execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }));
    if (filesMax < connections + 500) return this.skip();
    // 20 KiB a connection: 10 are held, the rest is garbage that is not collected yet.
    await growingByLessThan(100, async () => {
      while (pressing.length < connections) await Promise.all(Array.from({ length: 100 }, press));
      await othersAreServed(20);
      const answers = await Promise.all(pressing.map((client, index) => client.request(`line ${index}`)));
      expect(answers).to.deep.equal(pressing.map((_, index) => `? line ${index}`));
    });
  });

  for (const [what, command, count] of [
    ['IAMAT', (index: number) => `IAMAT flood ${place} ${index}\n`, 600_000],
    ['WHATSAT', () => 'WHATSAT other 2500 100\n', 600_000],
  ] as const) {
    it(`[CO4] serves others while clients send ${what} for ever and never read`, async () => {
      // The log may hold 16 MiB for a disk that is slow, three times over while it writes them. What waits for the clients is
      // less, and so is garbage. What they send is more.
      await growingByLessThan(200, async () => {
        const text = Array.from({ length: count }, (_, index) => command(index)).join('');
        const floods = (await Promise.all([press(), press()])).map((client) => pour(client, text));
        const taken = () => floods.reduce((sum, { bytes }) => sum + bytes, 0);
        await eventually('the server reads them no more', async () => {
          const before = taken();
          await othersAreServed(5);
          return taken() === before;
        });
        expect(taken()).to.be.below(floods.length * text.length);
        await othersAreServed(20);
      });
    });
  }

  it('[CO4] loses nothing of a client that reads late', async () => {
    const late = await press();
    late.socket.pause();
    const count = 50_000;
    late.send(Array.from({ length: count }, (_, index) => `IAMAT late ${place} ${index}\n`).join(''));
    await othersAreServed(10);
    late.socket.resume();
    const answers = await late.lines(count);
    expect(answers.map((at) => Number(at.split(' ')[5]))).to.deep.equal(answers.map((_, index) => index));
    await herd.waitForAgreement(answers.slice(-1));
  });

  it('[WA6] does not keep what clients that watch do not take', async () => {
    const watchers = await Promise.all(Array.from({ length: 10 }, press));
    for (const watcher of watchers) {
      expect(await watcher.request('WATCH *')).to.equal('WATCHING *');
      watcher.socket.pause();
    }
    const rounds = 40_000;
    const long = 'x'.repeat(1_000);
    // Kept, it would be ten times 40 MB. What the log may hold is less.
    await growingByLessThan(200, async () => {
      const reporter = await press();
      reporter.send(Array.from({ length: rounds }, (_, index) => `IAMAT ${long} ${place} ${index + 1}\n`).join(''));
      await reporter.lines(rounds);
      await othersAreServed(5);
    });
    const [slow] = watchers;
    slow?.socket.resume();
    let told = 0;
    for (let line = ''; !line.includes(`${place} ${rounds}`); told += 1) line = (await slow?.line()) ?? '';
    expect(told).to.be.below(rounds);
  });

  it('[CO5] stops in spite of a client that never reads', async () => {
    pour(await press(), 'WHATSAT other 2500 100\n'.repeat(10_000));
    await othersAreServed(5);
    herd.command().signal('SIGTERM');
    expect(await herd.command().waitForExit()).to.deep.equal({ status: 0, signal: null });
    // By itself: nobody had to kill it.
    expect((await readLog(herd, 'Blake')).at(-1)).to.match(/ server stopped$/);
  }).slow(14_000);
});

/** Sends bytes, and waits until the system has taken them. */
function written(client: Client, bytes: ByteString): Promise<void> {
  return new Promise((resolve) => client.socket.write(bytes, 'latin1', () => resolve()));
}

/** Sends a text piece by piece for as long as the server takes it, and reads nothing. Tells how many bytes it took. */
function pour(client: Client, text: ByteString): { readonly bytes: number } {
  const taken = { bytes: 0 };
  const pieceBytes = 64 * 1024;
  const next = (): void => {
    const piece = text.slice(taken.bytes, taken.bytes + pieceBytes);
    if (piece === '' || client.socket.destroyed) return;
    void written(client, piece).then(() => {
      taken.bytes += piece.length;
      next();
    });
  };
  client.socket.pause();
  next();
  return taken;
}
