import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { expect } from 'chai';
import { Client } from '../support/client.js';
import { killCommands, HerdCommand, runCommand } from '../support/command.js';
import { eventually, defaultTimeoutMs } from '../support/eventually.js';
import { Herd, startHerd } from '../support/herd.js';
import { writeHerdFile } from '../support/herd-file.js';
import { childrenOf, hasProc, isAlive } from '../support/process-table.js';

/** A drain that waits for nobody in vain takes a fraction of this; one that does is cut off after six seconds. */
const drainedWithinMs = 5_000;

describe('herd start', function () {
  this.timeout(3 * defaultTimeoutMs);
  afterEach(killCommands);

  for (const [options, servers] of [
    [[], []],
    [['--processes'], ['Gasol']],
  ] as const) {
    const words = ['start', ...options, ...servers];
    it(`names server and port when none can be started: ${words.join(' ')}`, async () => {
      const file = await writeHerdFile({ topology: { Blake: ['Gasol'] } });
      const port = file.portOf('Gasol');
      const occupant = await occupy(port);
      const { status, stderr } = await runCommand(words, { cwd: file.folder });
      expect(stderr).to.include(`Gasol (clients) cannot listen on 127.0.0.1:${port}: the port is in use`);
      expect(stderr.trimEnd().split('\n')).to.have.lengthOf(1);
      expect(status).to.equal(2);
      occupant.close();
      await rm(file.folder, { recursive: true });
    });
  }

  it('runs some of the servers, which find the others over TCP', async () => {
    const herd = await startHerd({
      mode: [
        ['Blake', 'Metta'],
        ['Bryant', 'Gasol', 'Howard'],
      ],
    });
    expect(herd.command('Blake').stdout).to.match(/: 2 servers, in this process\n/);
    expect(herd.command('Gasol').stdout).to.match(/: 3 servers, in this process\n/);
    await herd.waitForAgreement(await Promise.all(herd.servers.map((server) => herd.report(server, `from-${server}`))));
    for (const end of await herd.stop()) expect(end).to.deep.equal({ status: 0, signal: null });
  });

  for (const [mode, signal] of [
    ['one process', 'SIGINT'],
    ['processes', 'SIGTERM'],
  ] as const) {
    it(`[CO5] answers what was asked before it ends on ${signal}, ${mode}`, async () => {
      const herd = await startHerd({ mode, servers: ['Solo'], upstreamFormat: 'twitter' });
      const idle = await Promise.all([herd.connect('Solo'), herd.connect('Solo')]);
      const asked = 20;
      const asker = await askMuch(herd, asked);
      const signalledAtMs = performance.now();
      herd.command().signal(signal);
      await herd.command().waitForOutput('Stopping ...');
      expect(await welcomeAt(herd.file.portOf('Solo'))).to.be.oneOf(['', 'ECONNREFUSED', 'ECONNRESET']);
      expect((await asker.readToEnd()).split('\n')).to.have.lengthOf(2 * asked + 1);
      for (const client of idle) expect(await client.readToEnd()).to.equal('');
      expect(await herd.command().waitForExit()).to.deep.equal({ status: 0, signal: null });
      expect(performance.now() - signalledAtMs).to.be.below(drainedWithinMs);
      expect(herd.command().stderr).to.equal('');
      await herd.stop();
    });

    it(`serves on after a SIGHUP when there is nothing to read again, and says so, ${mode}`, async () => {
      const herd = await startHerd({ mode, servers: ['Solo'] });
      herd.command().signal('SIGHUP');
      await eventually('it is said', () => herd.command().stderr.endsWith('\n'));
      expect(herd.command().stderr).to.equal('herd: SIGHUP ignored: no TLS certificates are configured\n');
      expect(await (await herd.connect('Solo')).request('hello')).to.equal('? hello');
      expect(await herd.stop()).to.deep.equal([{ status: 0, signal: null }]);
    });

    it(`ends at once on a second signal, ${mode}`, async () => {
      const herd = await startHerd({ mode, servers: ['Solo'], upstreamFormat: 'twitter' });
      const children = hasProc ? childrenOf(herd.command().pid) : [];
      const asker = await askMuch(herd, 400);
      asker.socket.pause();
      herd.command().signal('SIGTERM');
      await herd.command().waitForOutput('Stopping ...');
      herd.command().signal('SIGINT');
      expect(await herd.command().waitForExit(drainedWithinMs)).to.deep.equal({ status: 2, signal: null });
      await eventually('its children are gone', () => !children.some(({ pid }) => isAlive(pid)));
      await herd.stop();
    });
  }

  it('[CO5] answers what was asked when Ctrl-C reaches all its processes', async () => {
    const file = await writeHerdFile({ servers: ['Solo'], upstreamFormat: 'twitter' });
    const command = new HerdCommand(['start', '--processes'], { cwd: file.folder });
    await command.waitForOutput('Ready in');
    const asker = await askMuch(new Herd('processes', file), 20);
    command.signalGroup('SIGINT');
    expect((await asker.readToEnd()).split('\n')).to.have.lengthOf(41);
    expect(await command.waitForExit(drainedWithinMs)).to.deep.equal({ status: 0, signal: null });
    await rm(file.folder, { recursive: true });
  });
});

/** A client that waits for that many answers, which take the sample upstream a while and are large. The server has its commands. */
async function askMuch(herd: Herd, questions: number): Promise<Client> {
  const [asker, other] = await Promise.all([herd.connect('Solo'), herd.connect('Solo')]);
  await asker.request('IAMAT phone +34.068930-118.445127 1');
  asker.send('WHATSAT phone 2500 100\n'.repeat(questions));
  // What was sent before the first of these has been read when the second is answered.
  for (const command of ['one', 'two']) await other.request(command);
  return asker;
}

async function occupy(port: number): Promise<Server> {
  const server = createServer().listen({ host: '127.0.0.1', port });
  await once(server, 'listening');
  return server;
}

/** What a new client gets: all that it is sent until the server closes, or the error that it is refused with. */
async function welcomeAt(port: number): Promise<string> {
  try {
    const client = await Client.connect(port);
    return await client.readToEnd();
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}
