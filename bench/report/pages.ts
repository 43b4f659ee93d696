import { readFileSync, writeFileSync } from 'node:fs';
import type { Benchmark } from '../benchmarks/benchmark.js';
import { renderCapacityOrReason } from '../replication/capacity-page.js';
import { renderChart } from './chart.js';
import type { Figures } from './figure.js';
import { insertReport } from './page.js';
import { formatSection } from './report.js';

// The compiled file is in dist/bench/report.
const docs = new URL('../../../docs/explanation/', import.meta.url);

/** Returns whether the capacity model uses the figures of a benchmark. */
export function isReplicationBenchmark({ name }: Benchmark): boolean {
  return name.split('-')[0] === 'replication';
}

/** Writes the results into docs/explanation: the tables of replication benchmarks into scale.md, the targets of all others into performance.md with its chart. */
export function writePages(completed: readonly Benchmark[], figures: Figures, setup: string, conclusion: string): void {
  const [replicationBenchmarks, others] = [
    completed.filter(isReplicationBenchmark),
    completed.filter((benchmark) => !isReplicationBenchmark(benchmark)),
  ];
  if (others.length > 0) {
    write('performance.md', 'bench', [setup, conclusion].join('\n\n'));
    writeFileSync(new URL('performance.svg', docs), renderChart(figures.all));
  }
  if (replicationBenchmarks.length > 0) {
    const notes = figures.notes.map((note) => `note: ${note}`);
    const sections = replicationBenchmarks.map((benchmark) => formatSection(benchmark, figures));
    write('scale.md', 'bench', [setup, ...sections, ...notes].join('\n\n'));
    write('scale.md', 'plan', renderCapacityOrReason(figures));
  }
}

function write(page: string, section: string, report: string): void {
  const path = new URL(page, docs);
  writeFileSync(path, insertReport(readFileSync(path, 'utf8'), report, section));
}
