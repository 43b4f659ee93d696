import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Attack } from './attack/attack.js';
import { attacks } from './attack/attacks.js';
import { carryOut, type Outcome } from './attack/outcome.js';
import { pageOf, verdictOf } from './attack/page.js';
import { pinSelf } from './support/cores.js';

/*
 * Attacks a herd as a stranger would, one attack after the other, each on a herd of its own, and says what became of honest
 * clients meanwhile.
 *
 *   npm run attack [-- NAME ...] [-- --write]     all or the named ones; --write renews docs/attacks.md
 */

const page = fileURLToPath(new URL('../../docs/attacks.md', import.meta.url));
const names = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const chosen = names.length === 0 ? attacks : names.map(attackNamed);

pinSelf();
const outcomes: Outcome[] = [];
for (const attack of chosen) {
  const outcome = await carryOut(attack);
  outcomes.push(outcome);
  process.stdout.write(`${attack.name}: ${verdictOf(outcome)}\n`);
}
if (process.argv.includes('--write')) writeFileSync(page, pageOf(outcomes));
process.exitCode = outcomes.every(({ failures }) => failures.length === 0) ? 0 : 1;

function attackNamed(name: string): Attack {
  const attack = attacks.find((each) => each.name === name);
  if (attack === undefined)
    throw new Error(`unknown attack ${name} (expected one of: ${attacks.map((each) => each.name).join(', ')})`);
  return attack;
}
