import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { table } from '../src/cli/table.js';
import { Generator } from './load/generator.js';
import { measures } from './measures/all.js';
import type { Bench, Effort } from './measures/measure.js';
import { Figures } from './report/figure.js';
import { figureTable } from './report/figure-table.js';
import { verdicts } from './report/targets.js';
import { coresTold, pinSelf } from './support/cores.js';

/*
 * How fast the real command is, beside what else one could take, in the same run.
 *
 *   npm run bench -- [--quick] [--only NAME]... [--rounds N] [--out FILE]
 */

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: [] },
    rounds: { type: 'string' },
    out: { type: 'string', default: 'bench/results.json' },
  },
});

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const wanted = measures.filter(({ name, quick }) =>
  options.only.length > 0 ? options.only.includes(name) : quick || !options.quick,
);
if (wanted.length === 0) {
  say(`There is no such measure. There are:\n${measures.map(({ name, title }) => `  ${name}: ${title}`).join('\n')}`);
  process.exit(1);
}

const efforts: Readonly<Record<Effort['kind'], Effort>> = {
  full: { kind: 'full', rounds: 5, warmUpMs: 1_000, measureMs: 2_000 },
  quick: { kind: 'quick', rounds: 3, warmUpMs: 300, measureMs: 700 },
};
const usual = efforts[options.quick ? 'quick' : 'full'];
const effort = { ...usual, rounds: Number(options.rounds ?? usual.rounds) };

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
pinSelf();
say(`${coresTold}; ${effort.rounds} rounds`);
const figures = new Figures();
const bench: Bench = { generator: new Generator(), effort, figures, say };
for (const measure of wanted) {
  say(`${measure.title} ...`);
  await measure.run(bench);
  say(`\n${measure.title}\n${figureTable(figures.all.filter((figure) => figure.measure === measure.name))}\n`);
}
bench.generator.stop();
for (const note of figures.notes) say(`note: ${note}`);
const judged = verdicts(figures);
say(
  `\nWhat it must show\n${table(
    ['', 'asked', 'measured', ''],
    judged.map(({ what, asked, measured, verdict }) => [what, asked, measured, verdict]),
  )}`,
);
const { notes, all } = figures;
const machine = { node: process.version, cpu: cpus()[0]?.model.trim(), cores: cpus().length, pinned: coresTold };
mkdirSync(dirname(options.out), { recursive: true });
writeFileSync(options.out, `${JSON.stringify({ effort, machine, figures: all, notes, verdicts: judged }, null, 2)}\n`);
say(`\nAll figures, round by round: ${options.out}`);
