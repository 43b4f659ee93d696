import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { Generator } from './load/generator.js';
import { chosen, measures } from './benchmarks/all.js';
import type { Bench, Effort, Measure } from './benchmarks/measure.js';
import { Figures, type Figure } from './report/figure.js';
import { isOfSpreading, writePages } from './report/pages.js';
import { conclusionOf, sectionOf } from './report/report.js';
import { verdicts } from './report/targets.js';
import { planOf } from './replication/plan-page.js';
import { coresTold, pinSelf } from './support/cores.js';

/*
 * How fast the real command is, beside what else one could take, in the same run.
 *
 *   npm run bench -- [NAME]... [--quick] [--rounds N] [--out FILE] [--docs]
 *   npm run bench -- NAME... --from FILE [--docs]
 *
 * --only NAME is the same as NAME. --docs writes what is measured into docs/performance.md, with the chart beside it, and what is
 * measured of spreading into docs/scale.md. --from takes the figures that an earlier run has written, and measures nothing.
 */

const say = (text: string): void => void process.stdout.write(`${text}\n`);

const { values: options, positionals } = orEnd(() =>
  parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      rounds: { type: 'string' },
      docs: { type: 'boolean', default: false },
      out: { type: 'string' },
      from: { type: 'string' },
    },
  }),
);

/** What is written to the file of a run. */
interface Results {
  readonly circumstances: string;
  readonly figures: readonly Figure[];
  readonly notes: readonly string[];
}

const efforts: Readonly<Record<Effort['kind'], Effort>> = {
  full: { kind: 'full', rounds: 5, beforeMs: 20_000, warmUpMs: 500, measureMs: 2_500 },
  // So little that who is compiled late looks slower than it is; a minute is what people wait for.
  quick: { kind: 'quick', rounds: 2, beforeMs: 500, warmUpMs: 200, measureMs: 500 },
};
const usual = efforts[options.quick ? 'quick' : 'full'];
const effort = { ...usual, rounds: Number(options.rounds ?? usual.rounds) };
const wanted = wantedMeasures();

const startedMs = performance.now();
const figures = new Figures();
const circumstances =
  options.from === undefined ? await measureAll() : readFrom(orEnd(() => earlierIn(options.from ?? '')));
const judged = verdicts(figures);
// Who names what to measure is not told of what was not.
const told =
  positionals.length + options.only.length > 0 ? judged.filter(({ verdict }) => verdict !== 'not measured') : judged;
const conclusion = conclusionOf(figures, told);
say(conclusion);
if (wanted.some(isOfSpreading)) say(`\n${planOf(figures)}`);
if (options.from === undefined) {
  const out = options.out ?? 'bench/results.json';
  mkdirSync(dirname(out), { recursive: true });
  const results: Results = { circumstances, figures: figures.all, notes: figures.notes };
  writeFileSync(out, `${JSON.stringify({ effort, ...results, verdicts: judged }, null, 2)}\n`);
  say(`\nAll figures, round by round: ${out}; ${((performance.now() - startedMs) / 1_000).toFixed(0)} s`);
}
if (options.docs) writePages(wanted, figures, circumstances, conclusion);

function wantedMeasures(): readonly Measure[] {
  const all = measures.map(({ name, title }) => `  ${name}: ${title}`).join('\n');
  return orEnd(() => chosen([...options.only, ...positionals], effort.kind), ` There are:\n${all}`);
}

/** Ends with a sentence where there is nothing to go on with. */
function orEnd<Value>(attempt: () => Value, more = ''): Value {
  try {
    return attempt();
  } catch (error) {
    say(`${(error as Error).message}${more}`);
    return process.exit(1);
  }
}

/** Makes all measures; returns where and how. */
async function measureAll(): Promise<string> {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  pinSelf();
  const cpu = cpus()[0]?.model.trim() ?? '';
  const where = `${cpu}, Node ${process.version}; ${coresTold}; medians of up to ${effort.rounds} rounds${effort.kind === 'quick' ? ' of a quick run' : ''}`;
  say(where);
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
  return where;
}

/** @throws if there is none */
function earlierIn(path: string): Results {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Results;
  } catch (error) {
    const why = (error as Error).message;
    throw new Error(`${path} has no figures (${why}): a run that measures writes them there`, { cause: error });
  }
}

/** Takes the figures of an earlier run. */
function readFrom(earlier: Results): string {
  for (const figure of earlier.figures) figures.add(figure);
  for (const note of earlier.notes) figures.note(note);
  for (const measure of wanted) say(`${sectionOf(measure, figures)}\n`);
  return earlier.circumstances;
}
