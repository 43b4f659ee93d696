import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { bytesOf, textOf } from '../../src/protocol/text/bytes.js';
import { killCommands, HerdCommand } from '../support/command.js';
import { eventually, defaultTimeoutMs } from '../support/eventually.js';
import { Herd, startHerd } from '../support/herd.js';
import { writeHerdFile } from '../support/herd-file.js';
import { waitUntilLogged, readLog } from '../support/server-log.js';

describe('the logs of a herd', function () {
  this.timeout(3 * defaultTimeoutMs);
  afterEach(killCommands);

  it('logs every line in and out with the far end, and loses none on a clean stop', async () => {
    const herd = await startHerd({ mode: 'one process', hasLogs: true });
    const count = 10_000;
    const place = '+34.068930-118.445127';
    const ids = Array.from({ length: count }, (_, index) => `load-${index}.`);
    const client = await herd.connect('Blake');
    const far = `127.0.0.1:${client.socket.localPort ?? 0}`;
    const answers = (await client.sendAll(ids.map((id) => `IAMAT ${id} ${place} 1\n`).join(''))).split('\n');
    expect(answers).to.have.lengthOf(count + 1);
    // Who is asked too soon asks the herd, and is told twice.
    await waitUntilLogged(herd, [answers.at(-2) ?? '']);
    herd.command().signal('SIGTERM');
    await herd.command().waitForExit();

    expect(await readdir(join(herd.file.folder, 'logs'))).to.have.members([...herd.servers]);
    const [blake, bryant, metta] = await Promise.all(['Blake', 'Bryant', 'Metta'].map((name) => readLog(herd, name)));
    expect(linesWith(blake, `client ${far} in IAMAT load-`)).to.have.lengthOf(count);
    expect(linesWith(blake, `client ${far} out AT Blake `).map(idIn)).to.deep.equal(ids);
    expect(linesWith(blake, 'peer Bryant out AT Blake ').map(idIn)).to.deep.equal(ids);
    expect(new Set(linesWith(bryant, ' in AT Blake ').map(idIn))).to.deep.equal(new Set(ids));
    expect(linesWith(bryant, 'peer Metta out AT Blake ').map(idIn).sort()).to.deep.equal([...ids].sort());
    expect(linesWith(metta, 'peer Bryant in AT Blake ').map(idIn).sort()).to.deep.equal([...ids].sort());
    expect(linesWith(blake, `client ${far} connected over tcp; clients now: 1`)).to.have.lengthOf(1);
    expect(linesWith(blake, `client ${far} disconnected: `)).to.have.lengthOf(1);
    expect(linesWith(metta, 'link Bryant live')).to.have.lengthOf(1);
    await herd.stop();
  });

  it('opens a log and an error log at every start, and lets no client write lines of its own', async () => {
    const herd = await startHerd({ mode: 'one command a server', servers: ['Solo'], hasLogs: true });
    await herd.sendAll('Solo', 'first start\n');
    herd.command().signal('SIGINT');
    await herd.command().waitForExit();
    await herd.restart('Solo');
    await herd.sendAll('Solo', bytesOf('second\r2026-01-01 start\v\x1b[31m\0 é\n'));
    herd.command().signal('SIGINT');
    await herd.command().waitForExit();

    const names = (await readdir(join(herd.file.folder, 'logs', 'Solo'))).sort();
    const started = /^(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z)(\.error)?\.log$/;
    expect(names.map((name) => started.exec(name)?.[2] ?? '')).to.deep.equal(['.error', '', '.error', '']);
    const texts = await Promise.all(
      names.map(async (name) => textOf(await readFile(join(herd.file.folder, 'logs', 'Solo', name), 'latin1'))),
    );
    expect(texts[1]).to.match(/ in first start\n/);
    expect(texts[3]).to.match(/ in second\\x0d2026-01-01 start\\x0b\\x1b\[31m\\x00 é\n/);
    for (const line of texts.join('').trimEnd().split('\n')) {
      expect(line).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (server|client|link|dead letter)/);
    }
    await herd.stop();
  });

  it('goes on, and ends when it is told to, though the folder that it was started in is deleted', async () => {
    const file = await writeHerdFile({ servers: ['Solo'], hasLogs: true });
    const command = new HerdCommand(['start'], { cwd: file.folder });
    await command.waitForOutput('Ready in');
    await rm(file.folder, { recursive: true });
    const herd = new Herd('one process', file);
    // While there is something to write, it is looked once a second whether the log is still there.
    await eventually('it has said that its log is gone', async () => {
      expect(await herd.report('Solo', 'kiwi')).to.match(/^AT Solo /);
      return command.stderr.includes('was deleted');
    });
    command.signal('SIGTERM');
    expect(await command.waitForExit()).to.deep.equal({ status: 0, signal: null });
    await rm(file.folder, { recursive: true, force: true });
  });

  it('goes on without a log when there can be none', async () => {
    const file = await writeHerdFile({ servers: ['Solo'], hasLogs: true });
    await writeFile(join(file.folder, 'logs'), 'a file where the folder should be');
    const command = new HerdCommand(['start'], { cwd: file.folder });
    await command.waitForOutput('Ready in');
    expect(await new Herd('one process', file).report('Solo', 'kiwi')).to.match(/^AT Solo /);
    expect(command.stderr).to.match(/^herd: Solo: cannot write the log in [^\n]*logs.Solo: .*\n$/);
    command.signal('SIGTERM');
    expect(await command.waitForExit()).to.deep.equal({ status: 0, signal: null });
    await rm(file.folder, { recursive: true });
  });
});

function linesWith(lines: readonly string[] | undefined, text: string): string[] {
  return (lines ?? []).filter((line) => line.includes(text));
}

/** The client ID in a line about an AT line. */
function idIn(line: string): string {
  return line.slice(line.indexOf(' AT ')).split(' ')[4] ?? '';
}
