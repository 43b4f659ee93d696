import { rm } from 'node:fs/promises';
import { expect } from 'chai';
import type { HerdSummary } from '../../src/cli/commands/status/summary.js';
import { killCommands, HerdCommand, runCommand } from '../support/command.js';
import { eventually, defaultTimeoutMs } from '../support/eventually.js';
import { Herd, startHerd } from '../support/herd.js';
import { writeHerdFile } from '../support/herd-file.js';
import { describeWithNats, NatsServer } from '../support/nats-server.js';

describe('herd status', function () {
  this.timeout(3 * defaultTimeoutMs);
  const settings = {
    auth: { clientToken: '${HERD_TOKEN}', adminToken: '${ADMIN}', deviceTokens: { 'jane/phone': '${PHONE}' } },
  };
  const env = { HERD_TOKEN: 'token-of-all-clients' };
  const tokens = { ...env, ADMIN: 'token-of-administration', PHONE: 'token-of-the-phone' };
  let herd: Herd;

  before(async () => {
    const plan = { topology: { Blake: ['Gasol', 'Metta'] }, hasHttp: true, settings };
    herd = new Herd([['Blake', 'Metta'], ['Gasol']], await writeHerdFile(plan));
    for (const server of ['Blake', 'Gasol']) herd.setCircumstances(server, { env: tokens });
    await herd.start();
  });
  after(async () => {
    await killCommands();
    await herd.stop();
  });

  const status = (...options: string[]) => runCommand(['status', ...options], { cwd: herd.file.folder, env });

  it('ends with status 0 for a healthy herd, and 1 if a server is down', async () => {
    const at = await herd.report('Blake', 'kiwi');
    await herd.waitForAgreement([at]);
    await eventually('all links are live', async () => (await status()).status === 0);
    const { stdout } = await status();
    expect(stdout).to.match(/^Herd \S+: 3 of 3 servers ready, 2 of 2 links live\n/);
    for (const server of herd.servers) expect(stdout).to.match(new RegExp(`\n  ${server} +ready +1 +0 +0 `));
    expect(stdout).to.match(/\n {2}Blake – Gasol {2}live +\d+ s\n/);

    await herd.kill('Gasol');
    const down = await status();
    expect(down.stdout).to.match(/^Herd \S+: 2 of 3 servers ready, 1 of 2 links live\n/);
    expect(down.stdout).to.match(/\n {2}Gasol +down .*ECONNREFUSED\n/);
    expect(down.stdout).to.match(/\n {2}Blake – Gasol +(backoff|connecting) /);
    expect(down).to.include({ status: 1, stderr: '' });

    const json = await status('--json');
    const { healthy, servers } = JSON.parse(json.stdout) as HerdSummary;
    expect(healthy).to.equal(false);
    expect(servers.map(({ name, state }) => [name, state])).to.deep.equal([
      ['Blake', 'ready'],
      ['Gasol', 'down'],
      ['Metta', 'ready'],
    ]);
    expect(servers[0]?.rates).to.include({ reports: 0, learned: 0 });
  });

  it('requires only the client token in the environment, and other commands no token', async () => {
    const { status: ended, stderr } = await runCommand(['status'], { cwd: herd.file.folder });
    expect(ended).to.equal(2);
    expect(stderr).to.contain('HERD_TOKEN is not set').and.not.to.contain('ADMIN').and.not.to.contain('PHONE');
    await herd.report('Blake', 'kiwi');
    for (const args of [
      ['send', 'Blake', 'WHATSAT kiwi 1 1'],
      ['where', 'kiwi'],
      ['near', 'kiwi'],
    ]) {
      expect(await runCommand(args, { cwd: herd.file.folder }), args.join(' ')).to.include({ status: 0, stderr: '' });
    }
  });

  it('refreshes with --watch, and ends with status 0 on Ctrl-C', async () => {
    const watch = new HerdCommand(['status', '--watch'], { cwd: herd.file.folder, env });
    await eventually('three tables', () => watch.stdout.split('Herd ').length > 3);
    watch.signal('SIGINT');
    expect(await watch.waitForExit()).to.deep.equal({ status: 0, signal: null });
    expect(watch.stderr).to.equal('');
    // Escape sequences are for terminals only.
    expect(watch.stdout).to.not.include('\x1b');
  });

  it('probes a server without httpPort, detects unexpected servers, and ends with status 2 without a configuration', async () => {
    const file = await writeHerdFile({ servers: ['Blake', 'Metta'], hasHttp: true, settings });
    const here = herd.file;
    file.editServerConfig('Blake', ({ servers }) => {
      servers['Blake'] = { port: here.portOf('Blake'), peerPort: 1 };
      servers['Metta'] = { port: 2, peerPort: 3, httpPort: here.httpPortOf('Blake') };
    });
    const { status, stdout } = await runCommand(['status', '--config', file.serverConfigPath('Blake') ?? ''], {
      cwd: file.folder,
      env,
    });
    expect(stdout).to.match(/\n {2}Blake +up .*no httpPort\n/);
    expect(stdout).to.match(/\n {2}Metta +unexpected .*responds as Blake\n?/);
    expect(status).to.equal(1);
    const nowhere = await runCommand(['status', '--config', 'nowhere.yaml'], { cwd: file.folder });
    expect(nowhere.stderr).to.equal('herd: nowhere.yaml cannot be read: there is no such file\n');
    expect(nowhere.status).to.equal(2);
    await rm(file.folder, { recursive: true });
  });
});

describeWithNats('herd status, on NATS', function () {
  this.timeout(3 * defaultTimeoutMs);

  it('shows members and partitions of each server, and that NATS is lost', async () => {
    const nats = await NatsServer.start();
    const plan = { servers: ['Blake', 'Metta'], natsServer: nats.address, hasHttp: true };
    const herd = await startHerd({ mode: 'one process', ...plan });
    const status = (...options: string[]) => runCommand(['status', ...options], { cwd: herd.file.folder });
    try {
      const sound = await status();
      expect(sound.stdout).to.match(/^Herd \S+: 2 of 2 servers ready, 2 of 2 live on NATS\n/);
      expect(sound.stdout).to.match(/\n {2}Metta +live +\d+ s +2 +256 +0 +0 +0\n?/);
      expect(sound.status).to.equal(0);
      await nats.kill();
      await eventually('the servers have lost NATS', async () => {
        const { stdout, status: outcome } = await status('--json');
        const { nats: connections } = JSON.parse(stdout) as HerdSummary;
        return outcome === 1 && connections.every(({ state, reason }) => state === 'backoff' && reason !== '');
      });
    } finally {
      await herd.stop();
      await nats.stop();
    }
  });
});
