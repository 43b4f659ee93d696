import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { HerdCommand, runCommand, type CommandResult } from '../support/command.js';
import { eventually, defaultTimeoutMs } from '../support/eventually.js';
import { childrenOf, hasProc, isAlive } from '../support/process-table.js';

/** Two servers whose links notice everything soon. */
const twoServers = `
name: a test
herd: { servers: [Blake, Bryant], topology: { Blake: [Bryant] }, peers: { heartbeatMs: 100 } }
network: { delay: 1ms }
settle: 500ms
`;

const kiwi = "client: kiwi, position: '+34.068930-118.445127'";

describe('herd simulate', function () {
  this.timeout(4 * defaultTimeoutMs);
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'herd-simulate-'));
  });
  after(() => rm(folder, { recursive: true }));

  /** Writes a scenario of two servers. */
  async function write(steps: string): Promise<void> {
    await writeFile(join(folder, 'test.yaml'), `${twoServers.trim()}\nsteps:\n${steps}`);
  }

  function simulate(...options: string[]): Promise<CommandResult> {
    return runCommand(['simulate', 'test.yaml', ...options], { cwd: folder });
  }

  const worlds = ['virtual', 'sockets', 'processes'] as const;
  // The worlds of real servers are played by worlds.test.ts.
  it('ends with 0 if all held', async () => {
    await write(`
  - { at: 500ms, report: { server: Blake, ${kiwi} } }
  - { at: 1s, crash: Bryant }
  - { at: 1200ms, restart: Bryant }
  - { at: 5s, expect: { server: Bryant, ${kiwi} } }
  - { at: 5s, expect: converged }`);
    const { status, stdout, stderr } = await simulate();
    expect(stderr).to.equal('');
    expect(status, stdout).to.equal(0);
    expect(stdout).to.match(/^PASSED: all invariants and expectations$/m);
    expect(stdout).to.not.include('  not checked with --environment');
  });

  for (const world of worlds) {
    it(`ends with 1 in the world of ${world} if an expectation is false, and says how to see it again`, async () => {
      await write(`  - { at: 500ms, expect: { server: Bryant, ${kiwi} } }`);
      const { status, stdout } = await simulate('--environment', world, '--seed', '7');
      expect(status, stdout).to.equal(1);
      expect(stdout.includes('  not checked with --environment')).to.equal(world !== 'virtual');
      expect(stdout).to.match(
        /^FAILED at 0\.500 s: expect: test\.yaml:6: Bryant should store \+34\S+ for kiwi, but it stores nothing$/m,
      );
      const where = world === 'virtual' ? '' : ` --environment ${world}`;
      expect(stdout).to.contain(`Reproduce: herd simulate test.yaml --seed 7${where}\n`);
    });
  }

  it('ends with 2 for a word that there is not, and names file, line and the nearest that there is', async () => {
    await write(`  - { at: 1s, crush: Bryant }`);
    const { status, stderr, stdout } = await simulate();
    expect({ status, stdout, stderr }).to.deep.equal({
      status: 2,
      stdout: '',
      stderr: 'herd: test.yaml:6: unknown step "crush"; did you mean crash?\n',
    });
  });

  it('ends with 2 for steps that a world cannot do, and names all of them before anything runs', async () => {
    await write(`
  - { at: 1s, pause: Bryant }
  - { at: 2s, clock: { server: Blake, jump: 1h } }
  - { at: 2s, resume: Bryant }`);
    const inSockets = await simulate('--environment', 'sockets');
    expect(inSockets.status).to.equal(2);
    expect(inSockets.stderr.match(/test\.yaml:\d+: not supported with --environment sockets: \w+/g)).to.deep.equal([
      'test.yaml:7: not supported with --environment sockets: pause',
      'test.yaml:8: not supported with --environment sockets: clock',
      'test.yaml:9: not supported with --environment sockets: resume',
    ]);
    const inProcesses = await simulate('--environment', 'processes');
    expect(inProcesses.status).to.equal(2);
    expect(inProcesses.stderr).to.equal(
      'herd: test.yaml:8: not supported with --environment processes: clock: {server: Blake, jump: 1h}: all servers use the clock of this machine\n',
    );
  });

  it('names what a world cannot do in the last of several files before the first is played', async () => {
    await write(`  - { at: 100ms, report: { server: Blake, ${kiwi} } }`);
    await writeFile(join(folder, 'last.yaml'), `${twoServers.trim()}\nsteps: [{ at: 1s, pause: Bryant }]`);
    const { status, stdout, stderr } = await simulate('last.yaml', '--environment', 'sockets');
    expect({ status, stdout }).to.deep.equal({ status: 2, stdout: '' });
    expect(stderr).to.match(/^herd: last\.yaml:5: not supported with --environment sockets: pause: Bryant: /);
    await rm(join(folder, 'last.yaml'));
  });

  it('ends with 2 for a file or a world that there is not', async () => {
    expect(await runCommand(['simulate', 'none.yaml'], { cwd: folder })).to.include({
      status: 2,
      stderr: 'herd: none.yaml cannot be read: there is no such file\n',
    });
    await write('  []');
    expect(await simulate('--environment', 'dreams')).to.include({
      status: 2,
      stderr: 'herd: unknown environment dreams (expected one of: virtual, sockets, processes)\n',
    });
  });

  describe('--live', () => {
    /** Starts a scenario that restarts the first server; resolves when it has ended, with the URL of the dashboard. */
    async function runLive(expected: string): Promise<{ command: HerdCommand; url: string }> {
      await write(`
  - { at: 300ms, report: { server: Blake, ${kiwi} } }
  - { at: 600ms, crash: Blake }
  - { at: 700ms, restart: Blake }
  - { at: 2500ms, expect: { server: Blake, client: kiwi, position: '${expected}' } }`);
      const command = new HerdCommand(['simulate', 'test.yaml', '--live'], { cwd: folder });
      await command.waitForOutput('The scenario has ended.');
      return { command, url: /^Dashboard: (http:\/\/127\.0\.0\.1:\d+)$/m.exec(command.stdout)?.[1] ?? '' };
    }

    async function fetchJson(url: string): Promise<unknown> {
      return (await fetch(url)).json();
    }

    it('serves the dashboard of the herd after the last step, and ends with 0 on Ctrl-C if the run passed', async () => {
      const { command, url } = await runLive('+34.068930-118.445127');
      const { server, servers } = (await fetchJson(`${url}/api/herd`)) as Record<string, unknown>;
      expect(server).to.equal('Blake');
      const urls = servers as { name: string; httpUrl: string }[];
      expect(urls.map(({ name }) => name)).to.deep.equal(['Blake', 'Bryant']);
      expect(urls[0]?.httpUrl).to.equal(url);
      for (const { httpUrl } of urls) {
        const { clients } = (await fetchJson(`${httpUrl}/api/clients`)) as { clients: { client: string }[] };
        expect(clients.map(({ client }) => client)).to.deep.equal(['kiwi']);
      }
      expect(await (await fetch(url)).text()).to.match(/^<!doctype html>/);
      command.signal('SIGINT');
      expect(await command.waitForExit()).to.deep.equal({ status: 0, signal: null });
      expect(command.stdout.indexOf('Dashboard: ')).to.be.within(0, command.stdout.indexOf('▶'));
      expect(command.stdout).to.match(/^PASSED: /m);
      expect(command.stderr).to.equal('');
    });

    it('ends with 1 on Ctrl-C if the run failed', async () => {
      const { command } = await runLive('+00.000000+000.000000');
      command.signal('SIGINT');
      expect(await command.waitForExit()).to.deep.equal({ status: 1, signal: null });
    });

    it('rejects several files and other environments', async () => {
      await write('  []');
      expect(await simulate('test.yaml', '--live')).to.include({
        status: 2,
        stderr: 'herd: --live runs one scenario, not 2\n',
      });
      for (const environment of ['virtual', 'processes']) {
        expect(await simulate('--live', '--environment', environment)).to.include({
          status: 2,
          stderr: `herd: --live runs on real sockets and cannot be combined with --environment ${environment}\n`,
        });
      }
    });
  });

  (hasProc ? describe : describe.skip)('in the world of processes', () => {
    /** Starts a story that is longer than anybody waits; resolves with its servers' processes. */
    async function begin(): Promise<{ command: HerdCommand; pids: number[] }> {
      await write(`
  - { at: 300ms, report: { server: Blake, ${kiwi} } }
  - { at: 400ms, pause: Blake }
  - { at: 600s, expect: converged }`);
      // Whatever it leaves in the folder for what is temporary is left in this one.
      const env = { TMPDIR: folder };
      const command = new HerdCommand(['simulate', 'test.yaml', '--environment', 'processes'], { cwd: folder, env });
      await command.waitForOutput('pause: Blake');
      return { command, pids: childrenOf(command.pid).map(({ pid }) => pid) };
    }

    it('ends with 2 on Ctrl-C, and leaves no process and no file, though a server is stopped', async () => {
      const { command, pids } = await begin();
      expect(pids).to.have.length(2);
      command.signalGroup('SIGINT');
      expect(await command.waitForExit()).to.deep.equal({ status: 2, signal: null });
      expect(command.stderr).to.equal('herd: interrupted: result inconclusive\n');
      expect(pids.filter(isAlive)).to.deep.equal([]);
      expect(await readdir(folder)).to.deep.equal(['test.yaml']);
    });

    it('takes it for a failure when a server dies that no step has killed', async () => {
      const { command, pids } = await begin();
      const [first] = pids;
      process.kill(first!, 'SIGKILL');
      await command.waitForOutput('it exited unexpectedly: ended by SIGKILL');
      command.signal('SIGTERM');
      expect((await command.waitForExit()).status).to.equal(2);
      await eventually('all are gone', () => !pids.some(isAlive));
    });
  });
});
