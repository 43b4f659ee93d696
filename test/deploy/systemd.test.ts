import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { HerdCommand } from '../support/command.js';
import { eventually, defaultTimeoutMs } from '../support/eventually.js';
import { writeHerdFile } from '../support/herd-file.js';

const run = promisify(execFile);
const unit = fileURLToPath(new URL('../../../deploy/systemd/herd@.service', import.meta.url));

/** A service manager's ear: prints each datagram that comes, and closes the descriptors that come with some. */
const ear = `
import os, socket, sys
listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listening.bind(sys.argv[1])
print('listening', flush=True)
while True:
    words, descriptors, _, _ = socket.recv_fds(listening, 4096, 8)
    for descriptor in descriptors: os.close(descriptor)
    print(words.decode(), flush=True)
`;

function has(program: string, ...args: string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0;
}

describe('under systemd', function () {
  this.timeout(3 * defaultTimeoutMs);
  let folder: string;
  let listener: ChildProcess | undefined;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'herd-systemd-'));
  });
  afterEach(() => listener?.kill());
  after(() => rm(folder, { recursive: true }));

  it('a server says when it takes clients, that it lives, and that it stops', async function () {
    if (!has('systemd-notify', '--version') || !has('python3', '--version')) this.skip();
    const path = join(folder, 'notify');
    let heard = '';
    listener = spawn('python3', ['-c', ear, path]);
    listener.stdout?.on('data', (chunk: Buffer) => (heard += chunk.toString()));
    await eventually('the ear is open', () => heard.startsWith('listening'));
    const file = await writeHerdFile({ topology: { Blake: ['Metta'] } });
    const command = new HerdCommand(['start', 'Blake'], {
      cwd: file.folder,
      env: { NOTIFY_SOCKET: path, WATCHDOG_USEC: '400000' },
    });
    await eventually('two signs of life', () => heard.split('WATCHDOG=1').length > 2);
    expect(command.stdout).to.include('Ready in');
    expect(heard.indexOf('READY=1')).to.be.within(0, heard.indexOf('WATCHDOG=1'));
    command.signal('SIGTERM');
    expect(await command.waitForExit()).to.deep.equal({ status: 0, signal: null });
    await eventually('the stop was told', () => heard.includes('STOPPING=1'));
    expect(command.stderr).to.equal('');
    await rm(file.folder, { recursive: true });
  });

  it('a server serves on where nobody can be told', async () => {
    const file = await writeHerdFile({ servers: ['Solo'] });
    const env = { NOTIFY_SOCKET: join(folder, 'nobody'), WATCHDOG_USEC: '100000', PATH: folder };
    const command = new HerdCommand(['start'], { cwd: file.folder, env });
    await eventually('standard error has a warning', () =>
      command.stderr.includes('service manager not notified of READY=1'),
    );
    command.signal('SIGTERM');
    expect(await command.waitForExit()).to.deep.equal({ status: 0, signal: null });
    expect(command.stderr.trimEnd().split('\n')).to.have.lengthOf(1);
    await rm(file.folder, { recursive: true });
  });

  it('the unit is one that systemd takes, and is exposed little', async function () {
    if (!has('systemd-analyze', '--version')) this.skip();
    // It wants programs and users that are there.
    const text = await readFile(unit, 'utf8');
    const here = text.replace('/usr/bin/herd', '/bin/true').replace(/^(User|Group)=herd$/gm, '$1=root');
    expect(here).to.include('/bin/true start --config').and.to.include('User=root');
    await writeFile(join(folder, 'herd@.service'), here);
    const instance = join(folder, 'herd@Blake.service');
    await writeFile(instance, here);
    const { stdout, stderr } = await run('systemd-analyze', ['verify', '--man=no', instance]);
    // It looks at other units of the machine as well.
    expect(`${stdout}${stderr}`.split('\n').filter((line) => line.includes('herd@'))).to.deep.equal([]);
    // Since version 250; it fails where the exposure is above 3.0 of 10.
    if (has('systemd-analyze', 'security', '--offline=yes', instance)) {
      await run('systemd-analyze', ['security', '--offline=yes', '--threshold=30', instance]);
    }
  });
});
