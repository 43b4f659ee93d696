import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { run } from '../support/command.js';
import { patienceMs } from '../support/eventually.js';

/** Loads a bug into every thread of a command. */
const withBug = {
  from: 'modules',
  env: { NODE_OPTIONS: `--import ${new URL('../support/planted-bug.js', import.meta.url).href}` },
} as const;

describe('herd fuzz', function () {
  this.timeout(4 * patienceMs);
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'herd-fuzz-'));
  });
  after(() => rm(folder, { recursive: true }));

  it('ends with 1 if one did not, with the command that shows it again and the shortest file that does', async () => {
    const found = await run(['fuzz', '--seed', '40', '--runs', '1'], { cwd: folder, ...withBug });
    expect(found.status, found.stdout + found.stderr).to.equal(1);
    expect(found.stdout).to.match(/^ {2}again: herd fuzz --seed 40 --runs 1$/m);
    const file = 'fuzz-40.yaml';
    expect(await readdir(folder)).to.deep.equal([file]);
    expect(await readFile(join(folder, file), 'utf8')).to.match(/^# Shrunk from seed \d+ of version /);
    const again = await run(['simulate', file], { cwd: folder, ...withBug });
    expect(again.status, again.stdout).to.equal(1);
    const mended = await run(['simulate', file], { cwd: folder });
    expect(mended.status, mended.stdout).to.equal(0);
  });
});
