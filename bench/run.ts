import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { LoadGenerator } from './load/load-generator.js';
import { selectBenchmarks, benchmarks } from './benchmarks/all.js';
import type { BenchContext, RunSettings, Benchmark } from './benchmarks/benchmark.js';
import { Figures, type Figure } from './report/figure.js';
import { formatNodeComparison } from './report/node-comparison.js';
import { isNatsBenchmark, writePages } from './report/pages.js';
import { formatConclusion, formatSection } from './report/report.js';
import { judgeTargets } from './report/targets.js';
import { renderPlanOrReason } from './replication/plan.js';
import { coreAssignment, pinToLoadCore } from './support/cores.js';
import { installNodes } from './support/node-versions.js';
import { baselineVariable } from './systems/herd-build.js';

/*
 * Benchmarks the real command and the baselines in the same run.
 *
 *   npm run bench -- [NAME]... [--only NAME,...] [--quick] [--rounds N] [--baseline DIR] [--node VERSION,...] [--out FILE] [--docs]
 *   npm run bench -- NAME... --from FILE [--docs]
 *
 * --quick runs two short rounds of the main benchmarks. --baseline names the folder that `npm run bench:baseline` has prepared.
 * --node compares Herd on several versions of Node.js in throughput benchmarks. --docs writes the targets into
 * docs/explanation/performance.md, with its chart, and the results of the NATS benchmarks into docs/explanation/scale.md.
 * --from reads the figures of an earlier run instead of measuring.
 */

const print = (text: string): void => void process.stdout.write(`${text}\n`);

const { values: options, positionals } = orExit(() =>
  parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      rounds: { type: 'string' },
      baseline: { type: 'string' },
      node: { type: 'string', default: '' },
      docs: { type: 'boolean', default: false },
      out: { type: 'string' },
      from: { type: 'string' },
    },
  }),
);

/** Contents of the results file. */
interface Results {
  readonly setup: string;
  readonly figures: readonly Figure[];
  readonly notes: readonly string[];
}

const settingsByKind: Readonly<Record<RunSettings['kind'], RunSettings>> = {
  full: { kind: 'full', rounds: 5, initialWarmUpMs: 20_000, warmUpMs: 500, measureMs: 2_500 },
  // Too short for exact figures, because hot code is compiled late; it keeps a run within about a minute.
  quick: { kind: 'quick', rounds: 2, initialWarmUpMs: 500, warmUpMs: 200, measureMs: 500 },
};
const defaultSettings = settingsByKind[options.quick ? 'quick' : 'full'];
const settings = { ...defaultSettings, rounds: Number(options.rounds ?? defaultSettings.rounds) };
const names = [...splitList(options.only.join(',')), ...positionals];
const nodeVersions = splitList(options.node);
const selected = selectFromArguments().filter(
  ({ comparesNodes }) => nodeVersions.length === 0 || comparesNodes === true,
);
if (options.baseline !== undefined) process.env[baselineVariable] = options.baseline;

const startedMs = performance.now();
const figures = new Figures();
const setup =
  options.from === undefined ? await measureAll() : loadResults(orExit(() => readEarlierResults(options.from ?? '')));
const targetVerdicts = judgeTargets(figures);
// Targets of other benchmarks are not reported.
const reportedVerdicts = targetVerdicts.filter(
  ({ benchmark }) => nodeVersions.length === 0 && selected.some(({ name }) => name === benchmark),
);
const conclusion = formatConclusion(figures, reportedVerdicts);
print(conclusion);
if (selected.some(isNatsBenchmark)) print(`\n${renderPlanOrReason(figures)}`);
if (options.from === undefined) {
  const out = options.out ?? 'bench/results.json';
  mkdirSync(dirname(out), { recursive: true });
  const results: Results = { setup, figures: figures.all, notes: figures.notes };
  writeFileSync(out, `${JSON.stringify({ settings, ...results, verdicts: targetVerdicts }, null, 2)}\n`);
  print(`\nAll figures, round by round: ${out}; ${((performance.now() - startedMs) / 1_000).toFixed(0)} s`);
}
if (options.docs) writePages(selected, figures, setup, conclusion);

function selectFromArguments(): readonly Benchmark[] {
  const all = benchmarks.map(({ name, title }) => `  ${name}: ${title}`).join('\n');
  return orExit(() => selectBenchmarks(names, settings.kind), ` (expected one of:\n${all}\n)`);
}

function splitList(list: string): string[] {
  return list.split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()]));
}

/** Runs `attempt`; if it throws, prints the message and exits with code 1. */
function orExit<Value>(attempt: () => Value, more = ''): Value {
  try {
    return attempt();
  } catch (error) {
    print(`${(error as Error).message}${more}`);
    return process.exit(1);
  }
}

/** Runs the selected benchmarks; returns a description of the machine and the settings. */
async function measureAll(): Promise<string> {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  pinToLoadCore();
  const cpu = cpus()[0]?.model.trim() ?? '';
  const description = `${cpu}, Node ${process.version}; ${coreAssignment}; medians of up to ${settings.rounds} rounds${settings.kind === 'quick' ? ' of a quick run' : ''}`;
  print(description);
  const nodes = installNodes(nodeVersions);
  const bench: BenchContext = { generator: new LoadGenerator(), settings, figures, nodes, print };
  for (const benchmark of selected) {
    print(`${benchmark.title} ...`);
    try {
      await benchmark.run(bench);
    } catch (error) {
      figures.note(`${benchmark.title}: not measured (${(error as Error).message})`);
    }
    print(`\n${formatSection(benchmark, figures)}\n`);
  }
  bench.generator.stop();
  if (nodes.size > 0) print(formatNodeComparison(figures, [...nodes.keys()]));
  return description;
}

/** Reads the results file of an earlier run. @throws Error if it cannot be read */
function readEarlierResults(path: string): Results {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Results;
  } catch (error) {
    throw new Error(
      `${path}: cannot read figures (${(error as Error).message}); run the benchmark without --from first`,
      {
        cause: error,
      },
    );
  }
}

/** Loads the figures of an earlier run and prints them; returns its description. */
function loadResults(earlier: Results): string {
  for (const figure of earlier.figures) figures.add(figure);
  for (const note of earlier.notes) figures.note(note);
  for (const benchmark of selected) print(`${formatSection(benchmark, figures)}\n`);
  return earlier.setup;
}
