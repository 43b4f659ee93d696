import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { HerdCommand, type End } from '../support/command.js';

// Compiled, this file stands in dist/test/end-to-end.
const project = new URL('../../../', import.meta.url);

/** Maximum duration of a run, including the start of processes on a busy machine, in milliseconds. */
const timeoutMs = 120_000;

/** The shortest example scenarios, with an environment besides the virtual one. */
const runs = [
  ['neighbour-restarts.yaml', 'processes'],
  ['power-loss.yaml', 'processes'],
  ['neighbour-restarts.yaml', 'sockets'],
] as const;

describe('the example scenarios in real environments', function () {
  this.timeout(timeoutMs + 10_000);
  let folder: string;
  const started = new Map<(typeof runs)[number], Promise<{ command: HerdCommand; end: End }>>();

  // All at once, since they mostly wait.
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'herd-environments-'));
    for (const run of runs) started.set(run, begin(run[0], run[1]));
  });
  after(() => rm(folder, { recursive: true }));

  /** Runs a scenario with less time to settle than in the virtual environment, where time costs nothing. */
  async function begin(name: string, environment: string): Promise<{ command: HerdCommand; end: End }> {
    const text = await readFile(new URL(`examples/scenarios/${name}`, project), 'utf8');
    const herd = fileURLToPath(new URL('herd.yaml', project));
    const file = `${environment}-${name}`;
    await writeFile(join(folder, file), text.replace('herd: ../../herd.yaml', `herd: ${herd}\nsettle: 2s`));
    const command = new HerdCommand(['simulate', file, '--environment', environment], { cwd: folder });
    return { command, end: await command.waitForExit(timeoutMs) };
  }

  for (const run of runs) {
    const [name, environment] = run;
    it(`passes ${name} with --environment ${environment}`, async () => {
      const { command, end } = (await started.get(run))!;
      expect(end, command.outputText).to.deep.equal({ status: 0, signal: null });
      expect(command.stdout).to.match(/^PASSED: /m);
    });
  }
});
