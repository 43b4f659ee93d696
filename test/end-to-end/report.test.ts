import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { HerdCommand } from '../support/command.js';

const calm = `
name: calm
herd: { servers: [A, B], topology: { A: [B] } }
clients: { count: 0 }
settle: 1s
steps:
  - at: 1s
    report: { server: A, client: kiwi, position: '+34.068930-118.445127' }
  - { at: 2s, expect: converged }
`;

const wrong = `${calm}  - { at: 3s, expect: { server: B, client: kiwi, position: none } }\n`;

describe('herd simulate --report', function () {
  this.timeout(30_000);
  let cwd: string;

  beforeEach(() => {
    cwd = mkdtempSync(join(tmpdir(), 'herd-report-'));
    writeFileSync(join(cwd, 'calm.yaml'), calm);
    writeFileSync(join(cwd, 'wrong.yaml'), wrong);
  });

  afterEach(() => rmSync(cwd, { recursive: true }));

  it('writes the results and the timeline of each scenario, whatever came of it', async () => {
    const command = new HerdCommand(['simulate', 'calm.yaml', 'wrong.yaml', '--report', 'reports/new'], { cwd });
    expect(await command.ended, command.outputText).to.include({ status: 1 });
    for (const [name, verdict] of [
      ['calm', 'passed'],
      ['wrong', 'failed'],
    ] as const) {
      const folder = join(cwd, 'reports', 'new', name);
      expect(command.stdout).to.include(`report       ${join('reports', 'new', name, 'timeline.html')}`);
      expect(JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8'))).to.include({ name: 'calm', verdict });
      expect(readFileSync(join(folder, 'timeline.html'), 'utf8')).to.match(/^<!doctype html>/);
    }
  });

  it('says in a sentence where it cannot write, before anything runs', async () => {
    const command = new HerdCommand(['simulate', 'calm.yaml', '--report', 'wrong.yaml'], { cwd });
    expect(await command.ended, command.outputText).to.include({ status: 2 });
    expect(command.stderr).to.match(/^(herd: )?cannot write the report to wrong\.yaml: .*\n$/);
    expect(command.stdout).to.equal('');
    expect(existsSync(join(cwd, 'results.json'))).to.equal(false);
  });
});
