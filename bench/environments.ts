import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/*
 * Runs all example scenarios in every environment with the real command, and compares the verdicts. Exit code 1 if they differ.
 * Real environments run in real time, so several scenarios run concurrently.
 *
 *   npm run test:environments -- [concurrency, 2]
 */

const environments = ['virtual', 'sockets', 'processes'] as const;

const folder = fileURLToPath(new URL('../../examples/scenarios/', import.meta.url));
const program = fileURLToPath(new URL('../command/main.js', import.meta.url));
const concurrency = Number(process.argv[2] ?? 2);

/** Verdicts by exit code. */
const verdicts = ['passed', 'failed', 'error'] as const;

/** Runs a scenario in one environment; returns its verdict, and the output of the command if it did not pass. */
function runScenario(file: string, environment: string): Promise<{ verdict: string; output: string }> {
  return new Promise((resolve) => {
    const args = [program, 'simulate', `${folder}${file}`, '--environment', environment];
    const child = execFile(process.execPath, args, { maxBuffer: Infinity }, (_, stdout, stderr) => {
      const verdict = verdicts[child.exitCode ?? -1] ?? 'unexpected exit';
      resolve({ verdict, output: verdict === 'passed' ? '' : `${stdout}${stderr}` });
    });
  });
}

const files = readdirSync(folder).sort();
const rows = new Map<string, string[]>();
let differing = 0;

async function runNext(): Promise<void> {
  for (let file = files.shift(); file !== undefined; file = files.shift()) {
    const name = file;
    const runs = await Promise.all(environments.map((environment) => runScenario(name, environment)));
    const found = runs.map(({ verdict }) => verdict);
    if (new Set(found.filter((verdict) => verdict !== verdicts[2])).size > 1) differing += 1;
    rows.set(name, found);
    for (const { verdict, output } of runs) if (verdict !== verdicts[2]) process.stdout.write(output);
  }
}

await Promise.all(Array.from({ length: concurrency }, runNext));
process.stdout.write(
  `${['scenario'.padEnd(28), ...environments.map((environment) => environment.padEnd(24))].join('')}\n`,
);
for (const [name, found] of [...rows].sort(([a], [b]) => (a < b ? -1 : 1))) {
  process.stdout.write(`${[name.padEnd(28), ...found.map((verdict) => verdict.padEnd(24))].join('')}\n`);
}
if (differing > 0) process.exitCode = 1;
