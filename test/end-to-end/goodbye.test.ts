import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { eventually, defaultTimeoutMs } from '../support/eventually.js';
import { Herd } from '../support/herd.js';
import { writeHerdFile } from '../support/herd-file.js';
import { LogTail } from '../support/server-log.js';

describe('[PE28] a server of the real command that goes, at its neighbour', function () {
  this.timeout(3 * defaultTimeoutMs);
  let herd: Herd;
  let blake: LogTail;

  beforeEach(async () => {
    herd = new Herd('one command a server', await writeHerdFile({ topology: { Blake: ['Bryant'] }, hasLogs: true }));
    for (const server of herd.servers)
      herd.setCircumstances(server, { env: { HERD_SECRET: 'the secret of the herd: 7c1f0a' } });
    await herd.start();
    await LogTail.start(herd, 'Blake').waitForLine(/ link Bryant live$/);
    blake = await LogTail.now(herd, 'Blake');
  });
  afterEach(() => herd.stop());

  /** What Blake has noted as errors. */
  async function errorsOfBlake(): Promise<string> {
    const folder = join(herd.file.folder, 'logs', 'Blake');
    const names = (await readdir(folder)).filter((name) => name.endsWith('.error.log'));
    return (await Promise.all(names.map((name) => readFile(join(folder, name), 'latin1')))).join('');
  }

  it('is no error when it was told to stop, for as long as it is away, and is linked when it is back', async () => {
    const before = await errorsOfBlake();
    herd.command('Bryant').signal('SIGTERM');
    await blake.waitForLine(/ peer Bryant in GOODBYE$/);
    await blake.waitForLine(/ link Bryant backoff: Bryant was stopped; next attempt in \d+ ms$/, 3);
    expect(await errorsOfBlake()).to.equal(before);
    await herd.command('Bryant').waitForExit();
    await herd.restart('Bryant');
    await blake.waitForLine(/ link Bryant catching-up$/);
    await blake.waitForLine(/ link Bryant live$/);
  });

  it('is an error when it was killed', async () => {
    const before = await errorsOfBlake();
    await herd.kill('Bryant');
    await blake.waitForLine(/ link Bryant backoff: (?!Bryant was stopped)/);
    await eventually('it is noted', async () => (await errorsOfBlake()) !== before);
  });
});
