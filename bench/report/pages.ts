import { readFileSync, writeFileSync } from 'node:fs';
import type { Benchmark } from '../benchmarks/benchmark.js';
import { renderPlanOrReason } from '../replication/plan.js';
import { renderChart } from './chart.js';
import type { Figures } from './figure.js';
import { insertReport } from './page.js';
import { formatSection } from './report.js';

// The compiled file is in dist/bench/report.
const docs = new URL('../../../docs/explanation/', import.meta.url);

/** Returns whether the page on scale shows the figures of a benchmark. */
export function isNatsBenchmark({ name }: Benchmark): boolean {
  return name.startsWith('nats-');
}

/** Writes the results into docs/explanation: the tables and targets of NATS benchmarks into scale.md, the targets of all others into performance.md with its chart. */
export function writePages(completed: readonly Benchmark[], figures: Figures, setup: string, conclusion: string): void {
  const [natsBenchmarks, others] = [
    completed.filter(isNatsBenchmark),
    completed.filter((benchmark) => !isNatsBenchmark(benchmark)),
  ];
  if (others.length > 0) {
    write('performance.md', 'bench', [setup, conclusion].join('\n\n'));
    writeFileSync(new URL('performance.svg', docs), renderChart(figures.all));
  }
  if (natsBenchmarks.length > 0) {
    const sections = natsBenchmarks.map((benchmark) => formatSection(benchmark, figures));
    write('scale.md', 'bench', [setup, ...sections, conclusion].join('\n\n'));
    write('scale.md', 'plan', renderPlanOrReason(figures));
  }
}

function write(page: string, section: string, report: string): void {
  const path = new URL(page, docs);
  writeFileSync(path, insertReport(readFileSync(path, 'utf8'), report, section));
}
