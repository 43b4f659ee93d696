import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

// Compiled, this file is in dist/test/docs.
const project = fileURLToPath(new URL('../../../', import.meta.url));

/** The shell blocks of the tutorial but for the installation, which has happened. */
function shellBlocks(): string {
  const text = readFileSync(join(project, 'docs/getting-started.md'), 'utf8');
  const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block);
  return blocks.filter((block) => block.trim() !== 'npm ci').join('\n');
}

describe('the tutorial', function () {
  this.timeout(180_000);
  let folder: string;
  let processGroup: number | undefined;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'herd-tutorial-'));
    symlinkSync(join(project, 'dist'), join(folder, 'dist'));
    // In a clone, npx makes the command of the clone available; here it finds this one, and has nothing to install.
    const binaries = join(folder, 'node_modules', '.bin');
    mkdirSync(binaries, { recursive: true });
    const command = join(project, 'dist/command/main.js');
    writeFileSync(join(binaries, 'herd'), `#!/bin/sh\nexec '${process.execPath}' '${command}' "$@"\n`, { mode: 0o755 });
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  });
  after(() => {
    try {
      if (processGroup !== undefined) process.kill(-processGroup, 'SIGKILL');
    } catch {
      // Nothing of it is left, as it should be.
    }
    rmSync(folder, { recursive: true });
  });

  it('can be followed to the letter', async () => {
    const environment = { ...process.env };
    delete environment['NODE_ENV'];
    const shell = spawn('bash', ['-euo', 'pipefail', '-c', shellBlocks()], {
      cwd: folder,
      env: environment,
      detached: true,
    });
    processGroup = shell.pid;
    let output = '';
    shell.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    shell.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const status = await new Promise<number | null>((resolve) => shell.on('close', resolve));
    expect(status, output).to.equal(0);
    expect(output).to.match(/AT Ada \+\S+ kiwi \+34\.068930-118\.445127/);
    expect(output).to.match(/not healthy: exit code 1/);
    expect(output).to.include('PASSED');
  });
});
