import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Attack } from './attack/attack.js';
import { attacks } from './attack/attacks.js';
import { runAttack, type Outcome } from './attack/run-attack.js';
import { renderPage, formatVerdict } from './attack/page.js';
import { pinToLoadCore } from './support/cores.js';

/*
 * Runs attacks without credentials, one after the other, each against its own herd, and measures how honest clients are served
 * meanwhile. Exit code 1 if an attack fails.
 *
 *   npm run attack [-- NAME ...] [-- --write]     all attacks or the named ones; --write replaces docs/explanation/attacks.md
 */

const page = fileURLToPath(new URL('../../docs/explanation/attacks.md', import.meta.url));
const names = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const chosen = names.length === 0 ? attacks : names.map(findAttack);

pinToLoadCore();
const outcomes: Outcome[] = [];
for (const attack of chosen) {
  const outcome = await runAttack(attack);
  outcomes.push(outcome);
  process.stdout.write(`${attack.name}: ${formatVerdict(outcome)}\n`);
}
if (process.argv.includes('--write')) writeFileSync(page, renderPage(outcomes));
process.exitCode = outcomes.every(({ failures }) => failures.length === 0) ? 0 : 1;

function findAttack(name: string): Attack {
  const attack = attacks.find((each) => each.name === name);
  if (attack === undefined)
    throw new Error(`unknown attack ${name} (expected one of: ${attacks.map((each) => each.name).join(', ')})`);
  return attack;
}
