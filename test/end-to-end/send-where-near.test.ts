import { rm } from 'node:fs/promises';
import { expect } from 'chai';
import { runCommand } from '../support/command.js';
import { defaultTimeoutMs } from '../support/eventually.js';
import { startHerd, type Herd } from '../support/herd.js';
import { writeHerdFile } from '../support/herd-file.js';

describe('herd send, where and near', function () {
  this.timeout(2 * defaultTimeoutMs);
  let herd: Herd;
  let cwd: string;

  // Blake is down, so commands without --server query the next one. The herd is shared by all tests.
  before(async () => {
    herd = await startHerd({ mode: [['Bryant', 'Gasol']], upstreamFormat: 'twitter' });
    cwd = herd.file.folder;
    await herd.report('Gasol', 'kiwi', '1353118103.108893381');
  });
  after(() => herd.stop());

  it('sends each argument as a line, and prints the responses', async () => {
    const { status, stdoutBytes } = await runCommand(
      ['send', 'Bryant', 'no  command', 'IAMAT café +34.068930-118.445127 1', 'WHATSAT café 50 1'],
      { cwd },
    );
    const [invalid, at, again, json, ...rest] = stdoutBytes.toString().split('\n');
    expect([invalid, again, ...rest]).to.deep.equal(['? no  command', at, '']);
    expect(at).to.match(/^AT Bryant \S+ café \S+ 1$/);
    expect(JSON.parse(json ?? '')).to.have.property('results');
    expect(status).to.equal(0);
  });

  it('sends standard input and prints the responses without changing a byte', async () => {
    const input = Buffer.from('a\r\n\xff\0 b\r\r\n\nc\xa0', 'latin1');
    const { status, stdoutBytes } = await runCommand(['send', 'Gasol'], { cwd, input });
    expect(stdoutBytes.toString('latin1')).to.equal('? a\n? \xff\0 b\r\n? \n? c\xa0\n');
    expect(status).to.equal(0);
  });

  it('names the server that cannot be reached', async () => {
    const { status, stdout, stderr } = await runCommand(['send', 'Blake', 'x'], { cwd });
    const port = herd.file.portOf('Blake');
    expect(stderr).to.equal(`herd: Blake: cannot connect to 127.0.0.1:${port} (ECONNREFUSED)\n`);
    expect({ status, stdout }).to.deep.equal({ status: 2, stdout: '' });
  });

  it('prints the location of a client, querying the first server that responds', async () => {
    const { status, stdout, stderr } = await runCommand(['where', 'kiwi'], { cwd });
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
    expect(stdout).to.match(
      /^kiwi\n {2}latitude 27\.5916, longitude 086\.5640\n {2}reported at 2012-11-17T02:08:23\.108Z by the client's clock\n/,
    );
    expect(stdout).to.match(/\n {2}received by Gasol, \+\d+\.\d{9} s later by the server's clock\n$/);
  });

  it('lists what is near a client, up to the given count', async () => {
    const { status, stdout } = await runCommand(
      ['near', 'kiwi', '--radius', '100', '--count', '3', '--server', 'Gasol'],
      {
        cwd,
      },
    );
    expect(stdout).to.match(/^kiwi\n/);
    expect(stdout.match(/ @sample_\d+: Sample post from /g)).to.have.lengthOf(3);
    expect(status).to.equal(0);
  });

  for (const command of ['where', 'near']) {
    it(`ends with status 1 for an unknown client: ${command}`, async () => {
      const { status, stdout, stderr } = await runCommand([command, 'moa'], { cwd });
      expect(stderr).to.equal('herd: unknown client moa\n');
      expect({ status, stdout }).to.deep.equal({ status: 1, stdout: '' });
    });
  }

  it('names the limits for an invalid radius or count', async () => {
    for (const count of ['101', '1.5', 'many']) {
      const { status, stderr } = await runCommand(['near', 'kiwi', '--count', count], { cwd });
      expect(stderr).to.equal(
        `herd: invalid radius or count (10 km, ${count}): count must be an integer from 0 to 100\n`,
      );
      expect(status).to.equal(2);
    }
  });

  it('rejects an invalid client ID', async () => {
    const { status, stderr } = await runCommand(['where', 'kiwi bird'], { cwd });
    expect(stderr).to.equal('herd: invalid client ID "kiwi bird": expected one word without white space\n');
    expect(status).to.equal(2);
  });

  it('reports that no server is reachable', async () => {
    const file = await writeHerdFile();
    const { status, stderr } = await runCommand(['where', 'kiwi'], { cwd: file.folder });
    expect(stderr).to.equal('herd: no server in herd.yaml is reachable. Start the herd with `herd start`.\n');
    expect(status).to.equal(2);
    await rm(file.folder, { recursive: true });
  });
});
