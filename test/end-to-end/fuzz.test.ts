import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { HerdCommand, runCommand } from '../support/command.js';
import { defaultTimeoutMs } from '../support/eventually.js';

/** Loads a bug into every thread of a command. */
const withBug = {
  from: 'modules',
  env: { NODE_OPTIONS: `--import ${new URL('../support/injected-bug.js', import.meta.url).href}` },
} as const;

describe('herd fuzz', function () {
  this.timeout(5 * defaultTimeoutMs);
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'herd-fuzz-'));
  });
  after(() => rm(folder, { recursive: true }));

  it('ends with 1 if one did not, with the command that shows it again and the shortest file that does', async () => {
    const found = new HerdCommand(['fuzz', '--seed', '40', '--runs', '1'], { cwd: folder, ...withBug });
    // It plays the run some twenty times to shrink it.
    const { status } = await found.waitForExit(3 * defaultTimeoutMs);
    expect(status, found.outputText).to.equal(1);
    // What failed is told before it is shrunk.
    expect(found.stdout.indexOf('reproduce: ')).to.be.within(0, found.stdout.indexOf('shrunk to '));
    expect(found.stdout).to.match(/^ {2}reproduce: herd fuzz --seed 40 --runs 1$/m);
    const file = 'fuzz-40.yaml';
    expect(await readdir(folder)).to.deep.equal([file]);
    expect(await readFile(join(folder, file), 'utf8')).to.match(/^# Shrunk from seed \d+ of version /);
    const again = await runCommand(['simulate', file], { cwd: folder, ...withBug });
    expect(again.status, again.stdout).to.equal(1);
    const mended = await runCommand(['simulate', file], { cwd: folder });
    expect(mended.status, mended.stdout).to.equal(0);
  });

  it('says at once where it begins, and on Ctrl-C what came of the runs so far; 2, for it was not done', async () => {
    const command = new HerdCommand(['fuzz', '--time', '10m', '--seed', '52'], { cwd: folder });
    await command.waitForOutput('fuzzing from seed 52\n');
    command.signal('SIGINT');
    expect(await command.waitForExit()).to.deep.equal({ status: 2, signal: null });
    expect(command.stdout).to.match(/^\d+ runs from seed 52, /m);
    expect(command.stderr).to.equal('');
  });

  it('ends with 2 for what makes no run, and says why', async () => {
    for (const [args, why] of [
      [['--runs', '0'], 'invalid number of runs "0": expected an integer of at least 1'],
      [['--time', '0s'], '--time must be greater than 0'],
      [['--time', 'soon'], 'invalid duration "soon": add a unit, e.g. 60s'],
    ] as const) {
      const outcome = await runCommand(['fuzz', ...args], { cwd: folder });
      expect(outcome, args.join(' ')).to.include({ status: 2, stdout: '', stderr: `herd: ${why}\n` });
    }
  });

  it('ends with 2 for an error of its own: 1 would say that a herd has failed', async () => {
    // Thrown from a timer, once the command has begun: nothing awaits it.
    const planted = "setInterval(()=>{if(process.listenerCount('uncaughtException'))throw(Error('planted'))},50)";
    const env = { NODE_OPTIONS: `--import data:text/javascript,${planted}` };
    const { status, stderr } = await runCommand(['fuzz', '--time', '10m'], { cwd: folder, env });
    expect(stderr).to.include('planted');
    expect(status).to.equal(2);
  });
});
