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

  // Blake is away: who asks any server finds one that is there. These commands go on from test to test.
  before(async () => {
    herd = await startHerd({ mode: [['Bryant', 'Gasol']], upstreamFormat: 'twitter' });
    cwd = herd.file.folder;
    await herd.report('Gasol', 'kiwi', '1353118103.108893381');
  });
  after(() => herd.stop());

  it('sends each argument as a line, and prints the answers', async () => {
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

  it('sends standard input to the byte, and prints the answers to the byte', async () => {
    const input = Buffer.from('a\r\n\xff\0 b\r\r\n\nc\xa0', 'latin1');
    const { status, stdoutBytes } = await runCommand(['send', 'Gasol'], { cwd, input });
    expect(stdoutBytes.toString('latin1')).to.equal('? a\n? \xff\0 b\r\n? \n? c\xa0\n');
    expect(status).to.equal(0);
  });

  it('says who cannot be reached', async () => {
    const { status, stdout, stderr } = await runCommand(['send', 'Blake', 'x'], { cwd });
    const port = herd.file.portOf('Blake');
    expect(stderr).to.equal(`herd: Blake cannot be reached at 127.0.0.1:${port} (ECONNREFUSED)\n`);
    expect({ status, stdout }).to.deep.equal({ status: 1, stdout: '' });
  });

  it('tells where a client is, asking whoever is there', async () => {
    const { status, stdout, stderr } = await runCommand(['where', 'kiwi'], { cwd });
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
    expect(stdout).to.match(
      /^kiwi\n {2}latitude 27\.5916, longitude 086\.5640\n {2}reported at 2012-11-17T02:08:23\.108Z by its own clock\n/,
    );
    expect(stdout).to.match(/\n {2}to Gasol, \+\d+\.\d{9} s later by the server's clock\n$/);
  });

  it('tells what is near a client, as much as was asked for', async () => {
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
    it(`says that nobody knows a client: ${command}`, async () => {
      const { status, stdout, stderr } = await runCommand([command, 'moa'], { cwd });
      expect(stderr).to.equal('herd: nobody in the herd knows moa\n');
      expect({ status, stdout }).to.deep.equal({ status: 1, stdout: '' });
    });
  }

  it('says what is wrong with a question that the herd does not take', async () => {
    const tooMany = await runCommand(['near', 'kiwi', '--count', '101'], { cwd });
    expect(tooMany.stderr).to.equal(
      'herd: the herd does not take a radius of 10 km with a count of 101; a count is a whole number from 0 to 100\n',
    );
    expect(tooMany.status).to.equal(2);
    const twoWords = await runCommand(['where', 'kiwi bird'], { cwd });
    expect(twoWords.stderr).to.equal('herd: a client ID is one word without white space\n');
    expect(twoWords.status).to.equal(2);
  });

  it('says that nobody is there', async () => {
    const file = await writeHerdFile();
    const { status, stderr } = await runCommand(['where', 'kiwi'], { cwd: file.folder });
    expect(stderr).to.equal('herd: no server of herd.yaml can be reached; herd start starts them\n');
    expect(status).to.equal(1);
    await rm(file.folder, { recursive: true });
  });
});
