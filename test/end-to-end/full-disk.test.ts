import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import type { ByteString } from '../../src/protocol/text/bytes.js';
import { eventually, defaultTimeoutMs } from '../support/eventually.js';
import { Herd } from '../support/herd.js';
import { writeHerdFile, type HerdPlan } from '../support/herd-file.js';
import { readLog } from '../support/server-log.js';

/** What the limit of files and `prlimit`, which raises it for a process that runs, are there for. */
const hasLimits = process.platform === 'linux' && canRun('prlimit');

const place = '+34.068930-118.445127';

(hasLimits ? describe : describe.skip)('a server whose disk is full', function () {
  this.timeout(4 * defaultTimeoutMs);
  let herd: Herd;

  afterEach(() => herd.stop());

  /** Solo, whose files end after 32 KiB: with an error of the file system, as on a disk that is full. */
  async function begin(plan: HerdPlan): Promise<void> {
    herd = new Herd('one command a server', await writeHerdFile({ servers: ['Solo'], ...plan }));
    herd.setCircumstances('Solo', { maxFileBytes: 32 * 1024 });
    await herd.start();
  }

  /** Reports very many clients, all of which are answered; returns the AT lines. */
  async function reportMany(occasion: string): Promise<ByteString[]> {
    const count = 3_000;
    const commands = Array.from({ length: count }, (_, index) => `IAMAT ${occasion}-${index} ${place} 1\n`);
    const answers = (await herd.sendAll('Solo', commands.join(''))).split('\n').slice(0, -1);
    expect(answers).to.have.lengthOf(count);
    for (const answer of answers) expect(answer).to.match(/^AT Solo /);
    return answers;
  }

  const some = (ats: readonly ByteString[]) => ats.filter((_, index) => index % 100 === 0);

  /** There is room again. */
  function makeRoom(): void {
    execFileSync('prlimit', ['--pid', String(herd.pidOf('Solo')), '--fsize=unlimited:']);
  }

  it('serves on without its log, says so once, and tells in the log what it lost when there is room', async () => {
    await begin({ hasLogs: true });
    await reportMany('first');
    await eventually('it is said', () => herd.command().stderr !== '');
    const ats = [...(await reportMany('second')), ...(await reportMany('third'))];
    await herd.waitForAgreement(some(ats));
    expect(herd.command().stderr).to.match(/^herd: Solo: cannot write the log in [^\n]*logs.Solo: EFBIG: [^\n]*\n$/);
    makeRoom();
    await eventually('it is told what was lost', async () => {
      await herd.sendAll('Solo', 'still here\n');
      return (await readLog(herd, 'Solo')).some((line) => /^\d+ log entr(y|ies) lost here/.test(line));
    });
    await herd.sendAll('Solo', 'and it goes on\n');
    await eventually('the log goes on after it', async () => {
      const lines = await readLog(herd, 'Solo');
      const told = lines.findIndex((line) => /^\d+ log entr(y|ies) lost here/.test(line));
      return lines.slice(told).some((line) => line.endsWith('and it goes on'));
    });
    expect(herd.command().stderr.split('\n'), 'it was said once').to.have.lengthOf(2);
  });

  it('serves on without its store, says so once, and writes all of it down when there is room', async () => {
    await begin({ settings: { store: { path: 'store' } } });
    const ats = await reportMany('first');
    await eventually('it is said', () => herd.command().stderr !== '');
    ats.push(...(await reportMany('second')), ...(await reportMany('third')));
    await herd.waitForAgreement(some(ats));
    expect(herd.command().stderr).to.match(
      /^herd: Solo: cannot write to [^\n]*store.Solo: IO error: [^\n]*File too large\n$/,
    );
    makeRoom();
    herd.command().signal('SIGTERM');
    expect(await herd.command().waitForExit()).to.deep.equal({ status: 0, signal: null });
    expect(herd.command().stderr.split('\n'), 'it was said once').to.have.lengthOf(2);
    herd.setCircumstances('Solo', {});
    await herd.restart('Solo');
    const known = await herd.queryLocations(
      'Solo',
      some(ats).map((at) => at.split(' ')[3] ?? ''),
    );
    expect(known).to.deep.equal(some(ats));
  });
});

function canRun(program: string): boolean {
  try {
    execFileSync(program, ['--version']);
    return true;
  } catch {
    return false;
  }
}
