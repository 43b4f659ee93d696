import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/*
 * Plays all scenarios that come with herd in all worlds, with the real command, and shows whether the verdicts are the same. In
 * real worlds a story takes as long as it is; so some are played at once: `npm run test:environments -- 4` for four.
 */

const worlds = ['virtual', 'sockets', 'processes'] as const;

const folder = fileURLToPath(new URL('../../examples/scenarios/', import.meta.url));
const program = fileURLToPath(new URL('../command/main.js', import.meta.url));
const atOnce = Number(process.argv[2] ?? 2);

const verdicts = ['held', 'violated', 'cannot be played there'] as const;

/** What came of a scenario in a world; and what the command said, if it did not hold. */
function play(file: string, world: string): Promise<{ verdict: string; story: string }> {
  return new Promise((resolve) => {
    const args = [program, 'simulate', `${folder}${file}`, '--world', world];
    const child = execFile(process.execPath, args, { maxBuffer: Infinity }, (_, stdout, stderr) => {
      const verdict = verdicts[child.exitCode ?? -1] ?? 'ended in no way that it should';
      resolve({ verdict, story: verdict === 'held' ? '' : `${stdout}${stderr}` });
    });
  });
}

const files = readdirSync(folder).sort();
const rows = new Map<string, string[]>();
let differing = 0;

async function playNext(): Promise<void> {
  for (let file = files.shift(); file !== undefined; file = files.shift()) {
    const name = file;
    const plays = await Promise.all(worlds.map((world) => play(name, world)));
    const found = plays.map(({ verdict }) => verdict);
    if (new Set(found.filter((verdict) => verdict !== verdicts[2])).size > 1) differing += 1;
    rows.set(name, found);
    for (const { verdict, story } of plays) if (verdict !== verdicts[2]) process.stdout.write(story);
  }
}

await Promise.all(Array.from({ length: atOnce }, playNext));
process.stdout.write(`${['scenario'.padEnd(28), ...worlds.map((world) => world.padEnd(24))].join('')}\n`);
for (const [name, found] of [...rows].sort(([a], [b]) => (a < b ? -1 : 1))) {
  process.stdout.write(`${[name.padEnd(28), ...found.map((verdict) => verdict.padEnd(24))].join('')}\n`);
}
if (differing > 0) process.exitCode = 1;
