import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { HerdCommand, type End } from '../support/command.js';

// Compiled, this file stands in dist/test/end-to-end.
const project = new URL('../../../', import.meta.url);

/** As long as their stories are, and what a busy machine takes to start processes. */
const playedWithinMs = 120_000;

/** The shortest stories that come with herd, and where else than in the virtual world they are played. */
const plays = [
  ['neighbour-restarts.yaml', 'processes'],
  ['power-loss.yaml', 'processes'],
  ['neighbour-restarts.yaml', 'sockets'],
] as const;

describe('the scenarios that come with herd, in real worlds', function () {
  this.timeout(playedWithinMs + 10_000);
  let folder: string;
  const played = new Map<(typeof plays)[number], Promise<{ command: HerdCommand; end: End }>>();

  // All at once: in real time they mostly wait.
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'herd-worlds-'));
    for (const play of plays) played.set(play, begin(play[0], play[1]));
  });
  after(() => rm(folder, { recursive: true }));

  /** Plays a story, with less time to settle than it is given where time costs nothing. */
  async function begin(name: string, world: string): Promise<{ command: HerdCommand; end: End }> {
    const text = await readFile(new URL(`examples/scenarios/${name}`, project), 'utf8');
    const herd = fileURLToPath(new URL('herd.yaml', project));
    const file = `${world}-${name}`;
    await writeFile(join(folder, file), text.replace('herd: ../../herd.yaml', `herd: ${herd}\nsettle: 2s`));
    const command = new HerdCommand(['simulate', file, '--environment', world], { cwd: folder });
    return { command, end: await command.waitForExit(playedWithinMs) };
  }

  for (const play of plays) {
    const [name, world] = play;
    it(`${name} holds in the world of ${world}, as in the virtual one`, async () => {
      const { command, end } = (await played.get(play))!;
      expect(end, command.outputText).to.deep.equal({ status: 0, signal: null });
      expect(command.stdout).to.match(/^PASSED: /m);
    });
  }
});
