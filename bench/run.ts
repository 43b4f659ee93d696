import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { Generator } from './load/generator.js';
import { measures } from './measures/all.js';
import type { Bench, Effort } from './measures/measure.js';
import { chartOf } from './report/chart.js';
import { Figures } from './report/figure.js';
import { withReport } from './report/page.js';
import { conclusionOf, sectionOf } from './report/report.js';
import { verdicts } from './report/targets.js';
import { coresTold, pinSelf } from './support/cores.js';

/*
 * How fast the real command is, beside what else one could take, in the same run.
 *
 *   npm run bench -- [--quick] [--only NAME]... [--rounds N] [--out FILE] [--docs]
 *
 * --docs writes what is measured into docs/performance.md, and the chart beside it.
 */

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: [] },
    rounds: { type: 'string' },
    docs: { type: 'boolean', default: false },
    out: { type: 'string', default: 'bench/results.json' },
  },
});

const say = (text: string): void => void process.stdout.write(`${text}\n`);
if (options.only.some((name) => !measures.some((measure) => measure.name === name))) {
  say(`There is no such measure. There are:\n${measures.map(({ name, title }) => `  ${name}: ${title}`).join('\n')}`);
  process.exit(1);
}
const wanted = measures.filter(({ name, quick }) =>
  options.only.length > 0 ? options.only.includes(name) : quick || !options.quick,
);

const efforts: Readonly<Record<Effort['kind'], Effort>> = {
  full: { kind: 'full', rounds: 5, beforeMs: 20_000, warmUpMs: 500, measureMs: 2_500 },
  // So little that who is compiled late looks slower than it is; a minute is what people wait for.
  quick: { kind: 'quick', rounds: 2, beforeMs: 500, warmUpMs: 200, measureMs: 500 },
};
const usual = efforts[options.quick ? 'quick' : 'full'];
const effort = { ...usual, rounds: Number(options.rounds ?? usual.rounds) };

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
pinSelf();
say(`${coresTold}; ${effort.rounds} rounds`);
const startedMs = performance.now();
const figures = new Figures();
const bench: Bench = { generator: new Generator(), effort, figures, say };
for (const measure of wanted) {
  say(`${measure.title} ...`);
  try {
    await measure.run(bench);
  } catch (error) {
    figures.note(`${measure.title}: not measured, because ${(error as Error).message}`);
  }
  say(`\n${sectionOf(measure, figures)}\n`);
}
bench.generator.stop();
const judged = verdicts(figures);
const conclusion = conclusionOf(figures, judged);
say(conclusion);

const { notes, all } = figures;
const machine = { node: process.version, cpu: cpus()[0]?.model.trim(), cores: cpus().length, pinned: coresTold };
mkdirSync(dirname(options.out), { recursive: true });
writeFileSync(options.out, `${JSON.stringify({ effort, machine, figures: all, notes, verdicts: judged }, null, 2)}\n`);
if (options.docs) {
  // Compiled, this file stands in dist/bench.
  const docs = new URL('../../docs/', import.meta.url);
  const page = new URL('performance.md', docs);
  const what = `${machine.cpu ?? ''}, Node ${machine.node}; ${coresTold}; medians of ${effort.rounds} rounds`;
  const report = [what, ...wanted.map((measure) => sectionOf(measure, figures)), conclusion].join('\n\n');
  writeFileSync(page, withReport(readFileSync(page, 'utf8'), report));
  writeFileSync(new URL('performance.svg', docs), chartOf(all));
}
say(`\nAll figures, round by round: ${options.out}; ${((performance.now() - startedMs) / 1_000).toFixed(0)} s`);
